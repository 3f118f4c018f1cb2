"""How long what ages is kept. The ledger, its stories and consents do not age."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Retention:
    """How long each kind is kept once nothing needs it any more.

    `editions`: as long as "view in browser" of a mail is likely to be asked for; after that a mail
    is rebuilt from its ledger row by the templates of the day. `requests`: what nobody said yes
    to; it also counts the confirmations an address got in 30 days. `sessions`: of operators, after
    their end, and the sign-ins that were tried. `webhook_messages`: what was told, or given up.
    `imports` of readers, after their end, with the lines that were rejected.
    """

    editions: timedelta = timedelta(days=90)
    requests: timedelta = timedelta(days=31)
    sessions: timedelta = timedelta(days=30)
    webhook_messages: timedelta = timedelta(days=30)
    imports: timedelta = timedelta(days=30)
