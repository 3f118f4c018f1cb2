"""All links of a mail: signed ones to the reader's pages, and a story's own made fit for HTML."""

from urllib.parse import quote, urlsplit, urlunsplit

from mailer.core.addresses import read_address
from mailer.core.letters import Letter
from mailer.core.notices import Link
from mailer.core.stories import Story
from mailer.core.tokens import Purpose, Signer, Stem
from mailer.errors import InputError
from mailer.render.site import Site
from mailer.render.wire import wire_length

# A longer address is a tracker's. Some mail clients break at 2,083, and it would stand twice in the
# mail: the story's page on this site stands in for it.
_LONGEST_URL = 1_500
_KEPT = "/%:@!$&'()*+,;=~-._?"


class Links:
    """Where the links of one site's mails lead. Equal letters get equal links."""

    def __init__(self, site: Site, signer: Signer) -> None:
        self._top = web_address(site.public_url) or site.public_url
        self._sign = signer.sign
        self._stem = signer.stem

    def unsubscribe(self, letter: Letter) -> str:
        """Return the page that ends this subscription; also what one-click posts to (RFC 8058)."""
        return self.unsubscribe_from(letter.subscription_id)

    def unsubscribe_from(self, subscription_id: int | None) -> str:
        """Return the same page for a mail that is no letter."""
        return self.page(Purpose.UNSUBSCRIBE, subscription_id or 0)

    def preferences(self, letter: Letter) -> str:
        """Return the page where she changes what she follows."""
        return self.preferences_of(letter.reader_id, letter.subscription_id)

    def preferences_of(self, reader_id: int | None, subscription_id: int | None) -> str:
        """Return the same page for a mail that is no letter."""
        return self.page(Purpose.PREFERENCES, reader_id or 0, subscription_id or 0)

    def page(self, purpose: Purpose, *parts: int | str) -> str:
        """Return a page of this site that only the holder of its link may open."""
        return self.place(purpose) + self.token(purpose, *parts)

    def place(self, purpose: Purpose) -> str:
        """Return what stands before the token in the links of a purpose."""
        return f"{self._top}/{purpose}/"

    def token(self, purpose: Purpose, *parts: int | str) -> str:
        """Return what stands behind it."""
        return self._sign(purpose, *parts)

    def public(self, path: str) -> str:
        """Return a page of this site that anybody may open; `path` starts with a slash."""
        return usable_address(f"{self._top}{path}")

    def why(self, letter: Letter) -> str:
        """Return the place that says why she gets this newsletter."""
        return f"{self.preferences(letter)}#why"

    def mute(self, letter: Letter, follow_id: int, story: Story) -> str:
        """Return the page that offers "no more like this", for one story of one follow."""
        return self.place(Purpose.MUTE) + self.mutes(letter, follow_id).token(story.id)

    def mutes(self, letter: Letter, follow_id: int) -> Stem:
        """Return what the tokens of `mute` have in common, for the stories of one follow."""
        return self._stem(Purpose.MUTE, letter.reader_id, follow_id)

    def view(self, letter: Letter) -> str:
        """Return the page that shows this very mail."""
        return self.page(Purpose.VIEW, local_part(letter.message_id))

    def more(self, letter: Letter) -> str:
        """Return the place that lists what did not fit into the mail."""
        return f"{self.view(letter)}#more"

    def story(self, story: Story) -> str:
        """Return the story's own address, or its page on this site when it has no usable one."""
        return usable_address(story.url) or f"{self._top}{story_path(story)}"


def story_path(story: Story) -> str:
    """Return the path of a story's page on this site."""
    return f"/stories/{quote(story.uid.encode('utf-8', 'replace'), safe='')}"


def story_link(story: Story) -> Link:
    """Return a notice's link to where mails link a story."""
    address = usable_address(story.url)
    return Link(url=address) if address else Link(path=story_path(story))


def local_part(message_id: str) -> str:
    """Return what stands before the @ of a Message-ID, without the angle bracket."""
    return message_id.strip("<>").rpartition("@")[0]


def ascii_host(host: str) -> str:
    """Return a host name as A-labels, as DNS and old mail servers know it."""
    return host if host.isascii() else read_address(f"postmaster@{host}").wire.rpartition("@")[2]


def usable_address(text: str) -> str:
    """Return a web address for a mail, empty when `text` is none or too long for one."""
    address = web_address(text)
    return address if wire_length(address) <= _LONGEST_URL else ""


def web_address(text: str) -> str:
    """Return an http or https address in plain ASCII, empty when `text` is none.

    Names of hosts become A-labels; all else is percent-encoded here, because the HTML serialiser
    would percent-encode the host too.
    """
    text = text.strip()
    if not text.lower().startswith(("http://", "https://")):
        return ""
    try:
        parts = urlsplit(text)
        host, port = ascii_host(parts.hostname or ""), parts.port
    except (ValueError, InputError):
        return ""
    if not host or not all(c.isalnum() or c in ".-_:" for c in host) or parts.username is not None:
        return ""
    if ":" in host:
        host = f"[{host}]"
    where = host if port is None else f"{host}:{port}"
    try:
        rest = [quote(part, safe=_KEPT) for part in (parts.path, parts.query, parts.fragment)]
    except UnicodeEncodeError:
        return ""
    return urlunsplit((parts.scheme.lower(), where, *rest))
