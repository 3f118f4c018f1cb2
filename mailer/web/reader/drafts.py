"""What somebody has filled into the form so far."""

from dataclasses import dataclass

from mailer.core.locales import read_timezone
from mailer.core.readers import Cadence, Newsletter, Wanted
from mailer.core.tags import Vocabulary
from mailer.errors import InputError
from mailer.flows.outlook import Newsroom
from mailer.web.visits import Fields

EVERYTHING = "*"
_LONGEST_SEARCH = 80


@dataclass(frozen=True, slots=True)
class Draft:
    """The form as it stands; whatever is not there, or makes no sense, is empty.

    `together` asks for stories that have all the topics at once.
    """

    newsletter: str = ""
    tags: tuple[str, ...] = ()
    together: bool = False
    expression: str = ""
    cadence: Cadence | None = None
    email: str = ""
    search: str = ""
    timezone: str = ""

    def follows(self, usual: Cadence = Cadence.DAILY) -> tuple[Wanted, ...]:
        """Return the follows it stands for, one for each topic unless they belong together."""
        cadence = self.cadence or usual
        texts = list(self.tags)
        if self.together and len(texts) > 1:
            texts = [" & ".join(texts)]
        if self.expression:
            texts.append(self.expression)
        return tuple(Wanted(text, cadence) for text in dict.fromkeys(texts))


def read_draft(fields: Fields, vocabulary: Vocabulary) -> Draft:
    """Read the form, or the query of a link that fills it: `?tags=china,north-korea`.

    Topics nobody knows are left out: the link may be older than a tag's name.
    """
    asked = [*fields.all("tag"), *(fields["tags"].split(",") if fields["tags"] else [])]
    tags = dict.fromkeys(slug for text in asked if (slug := _slug(text.strip(), vocabulary)))
    # A link with several tags is a kicker: stories about all of them.
    is_kicker = bool(fields["tags"]) and "match" not in fields
    return Draft(
        newsletter=fields["newsletter"][:100],
        tags=tuple(tags),
        together=fields["match"] == "all" or (is_kicker and len(tags) > 1),
        expression=fields["expression"],
        cadence=_cadence(fields["cadence"]),
        email=fields["email"],
        search=fields["q"][:_LONGEST_SEARCH],
        timezone=_zone(fields["timezone"]),
    )


def chosen_newsletter(draft: Draft, newsroom: Newsroom) -> Newsletter | None:
    """Return the newsletter she chose, or the only one there is."""
    if len(newsroom.newsletters) == 1:
        return newsroom.newsletters[0]
    return newsroom.newsletter(draft.newsletter)


def _slug(text: str, vocabulary: Vocabulary) -> str:
    if text == EVERYTHING:
        return EVERYTHING
    tag = vocabulary.resolve(text) if text else None
    return tag.slug if tag else ""


def _cadence(text: str) -> Cadence | None:
    try:
        return Cadence(text)
    except ValueError:
        return None


def _zone(text: str) -> str:
    try:
        return read_timezone(text) if text else ""
    except InputError:
        return ""
