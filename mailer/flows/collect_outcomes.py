"""Collect outcomes: hand messages to a backend and have an answer for each, whatever it does."""

from collections.abc import Sequence

from mailer.ports import Backend, InDoubt, Message, Outcome


def collect_outcomes(
    backend: Backend, messages: Sequence[Message]
) -> tuple[list[Outcome], BaseException | None]:
    """Send, and return one outcome per message; what a backend leaves unanswered is in doubt.

    With them what stopped us in the middle, such as Ctrl-C: the answers so far come first.
    """
    outcomes: list[Outcome] = []
    unanswered = "the backend gave no answer"
    stopped: BaseException | None = None
    try:
        outcomes.extend(backend.send(messages))
    except Exception as error:  # noqa: BLE001 - a backend of somebody else's may break its word
        unanswered = f"the backend failed: {type(error).__name__}: {error}"
    except BaseException as error:  # noqa: BLE001 - raised again once the answers are recorded
        unanswered = "the worker was stopped"
        stopped = error
    missing = len(messages) - len(outcomes)
    return outcomes[: len(messages)] + [InDoubt(unanswered)] * missing, stopped
