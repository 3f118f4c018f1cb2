"""Weigh the outcomes of a window: what they say of the recipients' domains."""

from collections.abc import Sequence

from mailer.core.throttles import Feedback, Verdict, domain_of, judge_deferral
from mailer.ports import Accepted, Deferred, Message, Outcome


def weigh_outcomes(messages: Sequence[Message], outcomes: Sequence[Outcome]) -> list[Feedback]:
    """Return what a throttle learns of the domains from a window that was sent."""
    return [
        Feedback(domain_of(message.recipient), _verdict(outcome), outcome.reply)
        for message, outcome in zip(messages, outcomes, strict=True)
    ]


def _verdict(outcome: Outcome) -> Verdict:
    match outcome:
        case Accepted():
            return Verdict.WELL
        case Deferred(code, reply, counts=True):
            return judge_deferral(code, reply)
        case _:
            return Verdict.SILENT
