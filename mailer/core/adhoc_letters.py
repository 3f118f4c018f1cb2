"""Ad-hoc letters: what an operator writes to the readers of a newsletter whom an expression means.

A letter is a draft until it is sent; then a run of its own carries it, and all that holds for runs
holds for it. What is sent was tested before: the very text, by mail to an operator.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from mailer.core.hygiene import clean_header, clean_text
from mailer.errors import InputError

# Some 3,000 words: with its HTML well below what Gmail clips.
LONGEST_TEXT: Final = 20_000
LONGEST_SUBJECT: Final = 150


@dataclass(frozen=True, slots=True)
class LetterText:
    """What an operator wrote: Markdown with `{{ name }}`, `{{ newsletter }}` and `{{ site }}`."""

    newsletter: str
    subject: str
    source: str
    expression: str = "*"

    @property
    def fingerprint(self) -> str:
        """Name what readers will see: a test of other words proves nothing."""
        seen = "\n".join((self.newsletter, self.subject, self.source))
        return hashlib.sha256(seen.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class AdHocLetter:
    """A letter as the store has it. `run_id` is the run that carries it, None for a draft.

    `tested_as` is the fingerprint of the text that an operator was sent last.
    """

    id: int
    text: LetterText
    written_by: str
    written_at: datetime
    tested_as: str
    tested_at: datetime | None
    tested_to: str
    run_id: int | None
    sent_at: datetime | None

    @property
    def is_tested(self) -> bool:
        """Whether an operator was sent these very words."""
        return self.tested_as == self.text.fingerprint


def read_letter_text(newsletter: str, subject: str, source: str, expression: str) -> LetterText:
    """Return a clean text; raises InputError that says what is missing or too long."""
    subject = clean_header(subject, LONGEST_SUBJECT + 1)
    source = clean_text(source).strip()
    if not subject:
        raise InputError("a letter needs a subject")
    if len(subject) > LONGEST_SUBJECT:
        raise InputError(f"the subject is too long: at most {LONGEST_SUBJECT} characters")
    if not source:
        raise InputError("a letter needs a text")
    if len(source) > LONGEST_TEXT:
        raise InputError(
            f"the text has {len(source):,} characters: at most {LONGEST_TEXT:,}; link to the rest"
        )
    return LetterText(newsletter.strip(), subject, source, expression.strip() or "*")
