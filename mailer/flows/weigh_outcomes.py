"""Weigh the outcomes of a window: what they say of the domains and of the relay."""

from collections.abc import Sequence

from mailer.core.throttles import Feedback, RelayVerdict, Verdict, domain_of, judge_deferral
from mailer.ports import Accepted, Deferred, InDoubt, Message, Misconfigured, Outcome


def weigh_outcomes(
    messages: Sequence[Message], outcomes: Sequence[Outcome]
) -> tuple[list[Feedback], RelayVerdict]:
    """Return what a throttle learns from a window that was sent.

    A relay has failed when it judged none of the messages and at least one was surely not taken: a
    single answer lost after the body says little, and a backend soon stops by itself. What is our
    own fault says nothing of the relay: that run is paused, and resumed when it is mended.
    """
    feedback = [
        Feedback(domain_of(message.recipient), _verdict(outcome), outcome.reply)
        for message, outcome in zip(messages, outcomes, strict=True)
    ]
    untaken = [isinstance(outcome, Deferred) and not outcome.counts for outcome in outcomes]
    silent = [isinstance(outcome, InDoubt | Misconfigured) for outcome in outcomes]
    if not all(gone or mute for gone, mute in zip(untaken, silent, strict=True)):
        return feedback, RelayVerdict.WORKS
    ours = any(isinstance(outcome, Misconfigured) for outcome in outcomes)
    failed = any(untaken) and not ours
    return feedback, RelayVerdict.FAILED if failed else RelayVerdict.SILENT


def _verdict(outcome: Outcome) -> Verdict:
    match outcome:
        case Accepted():
            return Verdict.WELL
        case Deferred(code, reply, counts=True):
            return judge_deferral(code, reply)
        case _:
            return Verdict.SILENT
