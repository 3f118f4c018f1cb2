"""The renderer: from a letter to subject, text and HTML, by the plain path.

The plain path renders the whole template for one reader and inlines it. It is slow, some
milliseconds a mail, and it is the measure of what a mail must look like.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mailer.core.digests import Weights
from mailer.core.hygiene import clean_header
from mailer.core.letters import Letter
from mailer.core.readers import Cadence, MailFormat, Newsletter
from mailer.core.stories import Story
from mailer.core.tags import Vocabulary
from mailer.core.tokens import Signer
from mailer.errors import RenderError
from mailer.render.environment import Templates, compact, packaged_templates, tidy
from mailer.render.inline import inline
from mailer.render.letter_views import unmarked, view_letter
from mailer.render.links import Links
from mailer.render.sentinels import Sentinels
from mailer.render.site import Site
from mailer.render.speech import Speech, speech_of
from mailer.render.views import MailView

ALERT = "alert"


@dataclass(frozen=True, slots=True)
class Mail:
    """What a reader sees of a letter; `html` is empty when she wants text alone."""

    subject: str
    preheader: str
    text: str
    html: str
