"""The templates of the web's pages, drawn in one language."""

from pathlib import Path

from markupsafe import Markup

from mailer.render.environment import Templates, packaged_templates
from mailer.render.languages import direction_of
from mailer.render.speech import Speech, is_spoken


class Paper:
    """Pages of `templates/web/`. `overrides` may replace any packaged template or asset."""

    def __init__(self, overrides: Path | None = None) -> None:
        self._folders = tuple(
            folder / "web" for folder in (overrides, packaged_templates()) if folder
        )
        self._templates = Templates(self._folders)

    def asset_folders(self) -> tuple[Path, ...]:
        """Return the folders of assets, those that replace first."""
        return tuple(folder / "assets" for folder in self._folders)

    def draw(self, name: str, speech: Speech, **values: object) -> str:
        """Return a page; raises RenderError naming file and line of what is wrong.

        In the template `write` is the speech: `write.day(on)`, `write.number(count)`.
        """
        return self._templates.render(
            name,
            speech,
            write=speech,
            language=speech.language,
            direction=direction_of(speech.language),
            **values,
        )


def as_written(html: str) -> str:
    """Return text that a template shows as it is: it was made safe before."""
    return Markup(html)  # noqa: S704


def spoken_among(wanted: tuple[str, ...]) -> str:
    """Return the first of these locales whose language we speak, else English."""
    return next((locale for locale in wanted if is_spoken(locale)), "en")
