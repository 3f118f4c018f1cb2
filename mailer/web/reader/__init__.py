"""The reader's own pages: subscribe, confirm, preferences, unsubscribe, mute."""

from mailer.web.reader import leaving, muting, preferences, subscribing
from mailer.web.visits import Area

router = Area()
router.include_router(subscribing.router)
router.include_router(leaving.router)
router.include_router(muting.router)
router.include_router(preferences.router)
