"""The Celery application. Why each setting stands: shared by all queues, measured on Celery 5.7."""

from celery import Celery
from celery.schedules import crontab

from workers.bell import BOUNCES, FEEDS, FOLLOWS, PURGE, RECOVER, TICK, WEBHOOKS
from workers.queues import DIGESTS, QUEUES, UPKEEP

# A worker that vanished gives its unacknowledged tasks back after this long; the ledger's own
# leases are shorter, and tasks end themselves well before.
_VISIBILITY_SECONDS = 600
_TASK_SECONDS = 300


def make_app(broker_url: str) -> Celery:
    """Make an application that rings and answers on this broker; `memory://` is in this process."""
    app = Celery("mailer", broker=broker_url, set_as_current=False)
    app.conf.update(
        # No result backend: what became of a task stands in the ledger.
        task_ignore_result=True,
        task_serializer="json",
        accept_content=["json"],
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        task_queues=QUEUES,
        task_default_queue=DIGESTS,
        broker_connection_retry_on_startup=True,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_hijack_root_logger=False,
        worker_send_task_events=False,
        broker_transport_options=_transport_options(broker_url),
        beat_schedule={
            # A ring that nobody answered within its period is worth nothing: the next one comes.
            "tick": {
                "task": TICK,
                "schedule": 15.0,
                "options": {"queue": UPKEEP, "expires": 15},
            },
            "recover": {
                "task": RECOVER,
                "schedule": 15.0,
                "options": {"queue": UPKEEP, "expires": 15},
            },
            # Each feed has its own time; this is how late it may be.
            "feeds": {
                "task": FEEDS,
                "schedule": 30.0,
                "options": {"queue": UPKEEP, "expires": 30},
            },
            # Each message has its own time; this is how late it may be.
            "webhooks": {
                "task": WEBHOOKS,
                "schedule": 10.0,
                "options": {"queue": UPKEEP, "expires": 10},
            },
            # The mailbox has its own time; this is how late it may be.
            "bounces": {
                "task": BOUNCES,
                "schedule": 30.0,
                "options": {"queue": UPKEEP, "expires": 30},
            },
            # Once a day is enough for what is measured in months; at an hour few mails are due.
            "follows": {
                "task": FOLLOWS,
                "schedule": crontab(hour="3", minute="40"),
                "options": {"queue": UPKEEP, "expires": 3600},
            },
            # What ages does so all day: a little each hour never becomes much at once.
            "purge": {
                "task": PURGE,
                "schedule": crontab(minute="50"),
                "options": {"queue": UPKEEP, "expires": 3600},
            },
        },
        beat_max_loop_interval=5,
    )
    if not broker_url.startswith("memory:"):
        app.conf.update(
            visibility_timeout=_VISIBILITY_SECONDS,
            task_time_limit=_TASK_SECONDS,
            task_soft_time_limit=_TASK_SECONDS - 60,
            worker_soft_shutdown_timeout=30,
            worker_enable_soft_shutdown_on_idle=True,
            worker_max_tasks_per_child=1000,
        )
    return app


def _transport_options(broker_url: str) -> dict[str, object]:
    if broker_url.startswith("memory:"):
        # The default poll of one second would make a demo of ten tasks take ten seconds.
        return {"polling_interval": 0.01}
    return {
        "visibility_timeout": _VISIBILITY_SECONDS,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "socket_timeout": 15,
        "socket_connect_timeout": 5,
        "socket_keepalive": True,
        "health_check_interval": 15,
        "global_keyprefix": "mailer:",
    }
