"""Every error of ours. A message says what failed, with which value, and what to do.

MailerError
├── InputError            wrong input or usage: changes nothing, exit code 2
│   ├── ExpressionError   a tag expression, with the character it is about
│   ├── NotFoundError     a name or id that does not exist
│   └── RejectedDocument  a file or page that could not be read as stories
├── SettingsError         a setting that cannot be used, exit code 2
├── ServiceAway           a database, broker or mail server that does not answer, exit code 3
├── RenderError           a template that cannot be rendered, or a mail that lost a part
│   └── TemplateError      a mistake in a template, with its place and a likely mend
├── BackendError          a delivery backend that cannot be built or used
└── LedgerError           a forbidden move in the ledger: a bug or a foreign hand
"""


class MailerError(Exception):
    """The root: catch it only at the edge that talks to a person or a program."""


class InputError(MailerError):
    """Input or usage that a person can mend; nothing was changed."""


class ExpressionError(InputError):
    """A tag expression that cannot be read.

    `position` counts characters of `text` from 0; `suggestions` are slugs of known tags,
    best first.
    """

    def __init__(
        self, message: str, *, text: str, position: int, suggestions: tuple[str, ...] = ()
    ) -> None:
        super().__init__(message)
        self.text = text
        self.position = position
        self.suggestions = suggestions


class NotFoundError(InputError):
    """A slug, address, uid or id that the store does not know."""


class RejectedDocument(InputError):  # noqa: N818 - named for what it is, not for being an error
    """A whole document that holds no story we can read, with the reason."""


class SettingsError(MailerError):
    """A setting that cannot be used as it stands."""


class ServiceAway(MailerError):  # noqa: N818
    """A service this command needs does not answer."""


class RestoredDatabase(MailerError):  # noqa: N818
    """A database that was restored or cloned: nothing may be sent from it unseen."""


class RenderError(MailerError):
    """A template that cannot be rendered, or a mail that lost a part on the way."""


class TemplateError(RenderError):
    """A mistake in a template.

    `file` and `line` are its place, "" and 0 when there is none; `excerpt` are the lines around it,
    the one marked by an arrow.
    """

    def __init__(
        self, message: str, *, file: str = "", line: int = 0, excerpt: str = "", mend: str = ""
    ) -> None:
        super().__init__(message)
        self.file = file
        self.line = line
        self.excerpt = excerpt
        self.mend = mend


class BackendError(MailerError):
    """A delivery backend that cannot be built or used."""


class LedgerError(MailerError):
    """A move the ledger forbids."""
