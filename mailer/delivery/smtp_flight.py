"""A flight: the messages of a window on one session, as many at once as its manner allows.

Knows who has been asked what, whose body may have reached the server, and so what is sure of each
message when the conversation breaks off. What that costs the others is the backend's.

    STEP     MAIL ─ RCPT ─ DATA ─ body                      a question, an answer
    GROUP    MAIL RCPT DATA ─ body                          the body waits for its 354
    AHEAD    MAIL RCPT DATA ─ body MAIL RCPT DATA ─ body    RFC 2920 section 3.1 allows both
    WINDOW   MAIL RCPT BDAT body RSET MAIL RCPT BDAT body   RFC 3030: no answer is waited for
"""

from collections.abc import Sequence
from dataclasses import dataclass

from mailer.delivery.smtp_conversation import SessionLost
from mailer.delivery.smtp_replies import Phase, judge
from mailer.delivery.smtp_session import Manner, Session
from mailer.delivery.wire import dot_stuffed
from mailer.ports import Accepted, InDoubt, Message, Misconfigured, Outcome

# Said before the system takes it: enough to keep a line busy. What is not said is surely unsent.
_AHEAD_OCTETS = 262_144


@dataclass(slots=True)
class Landing:
    """What a flight came to: an outcome for each message, None for those that surely never left.

    `lost` says how the conversation broke off, `stopped` what interrupted us. `refused` is an
    answer that holds for whoever comes next. `too_fast` when the server could not follow.
    """

    outcomes: list[Outcome | None]
    lost: SessionLost | None = None
    refused: Misconfigured | None = None
    stopped: BaseException | None = None
    too_fast: bool = False


def fly(session: Session, messages: Sequence[Message], manner: Manner) -> Landing:
    """Send messages this server can carry; never raises. A session that is lost is closed."""
    flight = _Flight(session, messages, manner)
    landing = flight.landing
    try:
        if manner is Manner.WINDOW:
            flight.all_at_once()
        else:
            flight.one_by_one()
    except SessionLost as lost:
        landing.lost = lost
        flight.ground(lost)
    except BaseException as stopped:  # noqa: BLE001 - raised again once the outcomes are told
        # A signal included: nothing may follow on half a transaction, and nobody knows whether
        # the system took the octets that were being handed over.
        session.close()
        session.sent_count = session.said_count
        landing.stopped = stopped
        flight.ground(SessionLost("the worker was stopped", timed_out=True))
    return landing


class _Flight:
    def __init__(self, session: Session, messages: Sequence[Message], manner: Manner) -> None:
        self.landing = Landing([None] * len(messages))
        self._session = session
        self._messages = messages
        self._manner = manner
        self._ahead_count = 0  # Questions said behind a body whose answer has not come.
        self._bodies: dict[int, int] = {}  # Number to the count at which its last octet has left.
        self._sure_count = 0  # How many outcomes no surplus answer can have moved.

    def one_by_one(self) -> None:
        """Send by DATA. A body leaves after its 354, so that one at most can be in doubt."""
        session, outcomes = self._session, self.landing.outcomes
        for number, message in enumerate(self._messages):
            outcomes[number] = self._call(number)
            self._sure_count = number
            if outcomes[number] is not None:
                session.must_reset = True
                if self.landing.refused or not session.is_open:
                    return
                continue
            session.require_silence()
            self._bodies[number] = session.say(Phase.BODY, dot_stuffed(message.content))
            more = number + 1 < len(self._messages)
            if more and self._manner is Manner.AHEAD and not self.landing.too_fast:
                self._ahead_count = self._say(self._commands(number + 1))
            reply = session.hear()
            outcomes[number] = judge(Phase.BODY, reply)
            session.must_reset = reply.refuses and not self._ahead_count
            if reply.code == 421:
                session.close()
            if not session.is_open:
                return

    def all_at_once(self) -> None:
        """Send by BDAT, and say all there is to say before the answers.

        The state after a refused BDAT is indeterminate (RFC 3030 section 2): hence the RSETs.
        """
        session, count = self._session, len(self._messages)
        said_count = 0
        goodbye: SessionLost | None = None
        for number in range(count):
            while (
                said_count < count
                and session.said_count - session.sent_count < _AHEAD_OCTETS
                and not (self.landing.refused or goodbye)
            ):
                self._say_chunk(said_count)
                said_count += 1
            if number == said_count:
                break
            goodbye = goodbye or self._hear_chunk(number)
            session.proven = session.proven or number > 0
        session.require_silence()
        session.must_reset = not all(isinstance(one, Accepted) for one in self.landing.outcomes)
        if goodbye:
            session.close()
            raise goodbye

    def ground(self, lost: SessionLost) -> None:
        """Tell of each message what is sure now that no answer will come."""
        session, outcomes = self._session, self.landing.outcomes
        # A server that said goodbye and left has taken nothing behind its last word.
        left = session.said_goodbye is not None and not lost.timed_out
        for number, end in self._bodies.items():
            unanswered = outcomes[number] is None and not left
            misread = lost.out_of_step and number >= self._sure_count
            if end <= session.sent_count and (unanswered or misread):
                outcomes[number] = InDoubt(str(lost))
        if left and session.said_goodbye is not None:
            self.landing.lost = session.said_goodbye
        fast = self._ahead_count > 0 or self._manner is Manner.WINDOW
        self.landing.too_fast = (lost.out_of_step and self._manner is not Manner.STEP) or (
            fast and not session.proven
        )

    def _call(self, number: int) -> Outcome | None:
        """Ask for a 354; None when it came. The refusal of what was said ahead is asked again."""
        session, ahead_count = self._session, self._ahead_count
        refusal = None
        if ahead_count:
            refusal = self._answers(ahead_count)
            self._ahead_count = 0
            session.proven = session.proven or refusal is None
        if not ahead_count or (_is_ours(refusal) and not session.proven):
            # Servers that cannot follow complain at MAIL, and that is no fault of anybody's.
            session.must_reset = session.must_reset or ahead_count > 0
            refusal = self._ask(number)
            self.landing.too_fast = ahead_count > 0 and refusal is None
        if refusal is None:
            return None
        outcome = refusal[1]
        if _is_ours(refusal) and isinstance(outcome, Misconfigured):
            self.landing.refused = outcome
        return outcome

    def _ask(self, number: int) -> tuple[Phase, Outcome] | None:
        session = self._session
        commands = self._commands(number)
        step = 1 if self._manner is Manner.STEP else len(commands)
        for start in range(0, len(commands), step):
            session.require_silence()
            refusal = self._answers(self._say(commands[start : start + step]))
            if refusal:
                return refusal
        return None

    def _commands(self, number: int) -> list[tuple[Phase, str]]:
        """Give what to say for a message before its body."""
        session, message = self._session, self._messages[number]
        commands = [
            (Phase.MAIL, session.mail_command(message)),
            (Phase.RCPT, session.rcpt_command(message)),
        ]
        if self._manner is not Manner.WINDOW:
            commands.append((Phase.DATA, "DATA"))
        if session.must_reset:
            commands.insert(0, (Phase.RSET, "RSET"))
        session.must_reset = self._manner is Manner.WINDOW
        session.carried_count += 1
        return commands

    def _say(self, commands: Sequence[tuple[Phase, str]]) -> int:
        for phase, command in commands:
            self._session.say(phase, command.encode("utf-8") + b"\r\n")
        return len(commands)

    def _answers(self, count: int) -> tuple[Phase, Outcome] | None:
        """Hear the answers to the oldest questions; gives the first refusal."""
        session = self._session
        first: tuple[Phase, Outcome] | None = None
        for _ in range(count):
            reply = session.hear()
            session.heed(reply)
            self._require_reset(refuses=reply.refuses)
            outcome = judge(session.phase, reply)
            if first is None and outcome is not None:
                first = (session.phase, outcome)
            elif first is not None and session.phase is Phase.DATA and not reply.refuses:
                self._withdraw(first[0])
        return first

    def _withdraw(self, refused_at: Phase) -> None:
        """End the transaction of a server that wants the body of what it has refused.

        It gets an empty one and refuses that as well: RFC 2920 section 3.1. One that took the
        recipient, and only not the sender, might deliver it.
        """
        session = self._session
        if refused_at is not Phase.RCPT:
            session.close()
            return
        session.require_silence()
        session.say(Phase.BODY, b".\r\n")
        session.heed(session.hear())

    def _say_chunk(self, number: int) -> None:
        session, content = self._session, self._messages[number].content
        self._say(self._commands(number))
        chunk = b"BDAT %d LAST\r\n%b" % (len(content), content)
        self._bodies[number] = session.say(Phase.BODY, chunk)

    def _hear_chunk(self, number: int) -> SessionLost | None:
        """Hear all answers about a message; gives a goodbye among them.

        A server that says so may yet stay and take what follows: only its silence then is sure.
        """
        session, outcomes = self._session, self.landing.outcomes
        goodbye: SessionLost | None = None
        refused_at: Phase | None = None
        while True:
            reply = session.hear()
            self._require_reset(refuses=reply.refuses)
            outcome = judge(session.phase, reply)
            if session.phase is Phase.BODY:
                break
            if session.said_goodbye:
                goodbye = session.said_goodbye
            elif outcome is not None and outcomes[number] is None:
                outcomes[number], refused_at = outcome, session.phase
                if refused_at is Phase.MAIL and isinstance(outcome, Misconfigured):
                    self.landing.refused = outcome
        if isinstance(outcome, Accepted) and (goodbye or refused_at is Phase.MAIL):
            outcomes[number] = InDoubt(f"{session.peer} accepted what it had refused")
        elif goodbye:
            outcomes[number] = None
            del self._bodies[number]
        elif outcomes[number] is None:
            outcomes[number] = outcome
        return goodbye or session.said_goodbye

    def _require_reset(self, *, refuses: bool) -> None:
        if refuses and self._session.phase is Phase.RSET:
            raise self._session.lost("does not reset")


def _is_ours(refusal: tuple[Phase, Outcome] | None) -> bool:
    """Tell whether a refusal holds for every message: one at MAIL that blames us or the relay."""
    return (
        refusal is not None and refusal[0] is Phase.MAIL and isinstance(refusal[1], Misconfigured)
    )
