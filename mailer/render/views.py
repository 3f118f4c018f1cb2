"""What a template sees: frozen views in which every text is clean, cut and formatted.

Texts are plain: the HTML templates escape them. For HTML some of them get a mark that `sentinels`
looks for after inlining and takes away.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReferenceView:
    """An older story under "See also"; `url` and `day` may be empty."""

    title: str
    url: str
    day: str


@dataclass(frozen=True, slots=True)
class ItemView:
    """One story. What is not known is empty; a headline (`is_full` false) has no summary.

    `see_also` is for the lead alone. `language` is empty when it is the mail's own. `facts` is
    dateline, byline and date in one line. `kicker_capitals` is for plain text; HTML leaves capitals
    to the style sheet.
    """

    kicker: str
    kicker_capitals: str
    title: str
    url: str
    summary: str
    facts: str
    language: str
    direction: str
    see_also: tuple[ReferenceView, ...]
    reason: str
    mute_url: str
    is_full: bool
    is_lead: bool
    is_urgent: bool


@dataclass(frozen=True, slots=True)
class SectionView:
    """What one follow brings. `more` says 'and 7 more stories', empty when all are told."""

    heading: str
    heading_capitals: str
    items: tuple[ItemView, ...]
    more: str
    more_url: str


@dataclass(frozen=True, slots=True)
class MailView:
    """One mail. `lead` is its first story, `items` all that are told, in reading order.

    `story_count` counts linked stories too; `stories` is that in words: '11 stories for you'.
    `others` is the subject's 'and 10 more stories', empty for a single story. `place` is what an
    alert is about, empty when the headline says so itself. `address_lines` is the postal address.
    """

    language: str
    direction: str
    site: str
    newsletter: str
    newsletter_capitals: str
    day: str
    name: str
    email: str
    story_count: int
    stories: str
    others: str
    place: str
    subject_title: str
    preheader: str
    lead: ItemView
    items: tuple[ItemView, ...]
    sections: tuple[SectionView, ...]
    unsubscribe_url: str
    preferences_url: str
    why_url: str
    view_url: str
    address_lines: tuple[str, ...]
