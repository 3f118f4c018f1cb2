"""Locales, timezones and hours as people and files write them."""

from collections.abc import Callable, Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailer.core.locales import (
    accepted_locales,
    pick_locale,
    read_hour,
    read_locale,
    read_timezone,
)
from mailer.errors import InputError


@pytest.mark.parametrize(
    ("wanted", "offered", "picked"),
    [
        pytest.param("it", ("en", "it"), "it", id="the same"),
        pytest.param("IT", ("en", "it"), "it", id="case"),
        pytest.param("pt-BR", ("pt", "pt_BR"), "pt_BR", id="dash or underscore"),
        pytest.param("it_CH", ("en", "it"), "it", id="its language"),
        pytest.param("it", ("en", "it_CH"), "it_CH", id="a kind of its language"),
        pytest.param("ko", ("en", "it"), "en", id="else the first"),
        pytest.param("", ("it", "en"), "it", id="nothing wanted"),
        pytest.param("ko", (), "en", id="nothing offered"),
        pytest.param("e", ("it", "en"), "it", id="half a language is none"),
    ],
)
def test_the_nearest_offered_locale_is_picked(
    wanted: str, offered: Sequence[str], picked: str
) -> None:
    assert pick_locale(wanted, offered) == picked


@pytest.mark.parametrize(
    ("text", "name"), [("en", "en"), ("EN", "en"), ("pt-br", "pt_BR"), ("zh-Hans", "zh_Hans")]
)
def test_a_locale_gets_its_normal_name(text: str, name: str) -> None:
    assert read_locale(text) == name


def test_a_timezone_is_an_iana_name() -> None:
    assert read_timezone("Asia/Seoul") == "Asia/Seoul"
    assert read_timezone("UTC") == "UTC"


@pytest.mark.parametrize(("text", "hour"), [("0", 0), ("07", 7), ("23", 23)])
def test_an_hour_of_the_day_is_read(text: str, hour: int) -> None:
    assert read_hour(text) == hour


@pytest.mark.parametrize(
    ("read", "text", "mend"),
    [
        (read_locale, "", "use one such as"),
        (read_locale, "klingon", "use one such as"),
        (read_locale, "en-XX", "use one such as"),
        (read_locale, "../../en", "use one such as"),
        (read_timezone, "", "use an IANA name"),
        (read_timezone, "Seoul", "use an IANA name"),
        (read_timezone, "Asia", "use an IANA name"),
        (read_timezone, "../../../etc/passwd", "use an IANA name"),
        (read_timezone, "/etc/localtime", "use an IANA name"),
        (read_timezone, "UTC\0", "use an IANA name"),
        (read_hour, "", "use 0 to 23"),
        (read_hour, "24", "use 0 to 23"),
        (read_hour, "-1", "use 0 to 23"),
        (read_hour, "7.5", "use 0 to 23"),
        (read_hour, "²", "use 0 to 23"),
        (read_hour, "٣", "use 0 to 23"),
        (read_hour, "9" * 5000, "use 0 to 23"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_mend(
    read: Callable[[str], object], text: str, mend: str
) -> None:
    with pytest.raises(InputError, match=mend):
        read(text)


@pytest.mark.parametrize("read", [read_locale, read_timezone, read_hour])
@given(text=st.text(st.characters(), max_size=30))
@example("\ud800")
@example("en\r\nBcc: all@example.org")
@example("x" * 100_000)
def test_any_text_is_read_or_refused_in_one_short_line(
    read: Callable[[str], object], text: str
) -> None:
    refusal = ""
    try:
        read(text)
    except InputError as error:
        refusal = str(error)
    assert len(refusal.encode()) < 300
    assert "\n" not in refusal


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("", ()),
        ("it", ("it",)),
        ("en;q=0.5, zh-Hans, it-IT;q=0.9", ("zh-Hans", "it-IT", "en")),
        ("*, fr;q=0", ()),
        ("de;q=2, fr;q=x, es ; q=0.3", ("es",)),
        ("en-GB,en;q=0.9", ("en-GB", "en")),
        ("x" * 600, ()),
        ("<script>, it", ("it",)),
    ],
)
def test_accepted_locales_come_best_first(header: str, wanted: tuple[str, ...]) -> None:
    assert accepted_locales(header) == wanted
