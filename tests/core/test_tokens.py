"""Signed links (S7): bound to a purpose, readable after a rotation, deaf to everything else."""

import hashlib
from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from itsdangerous import URLSafeSerializer

from mailer.core.tokens import Purpose, Signer
from mailer.errors import InputError
from tests.builders import NOON

SIGNER = Signer(("newest secret",))
PURPOSES = st.sampled_from(Purpose)
PARTS = st.lists(
    st.integers(0, 2**63 - 1) | st.text(st.characters(codec="utf-8"), max_size=20), max_size=5
)


@given(PURPOSES, PARTS)
def test_what_was_signed_is_read_back_and_safe_in_an_address(
    purpose: Purpose, parts: list[int | str]
) -> None:
    token = SIGNER.sign(purpose, *parts)
    assert SIGNER.read(purpose, token) == tuple(parts)
    assert set(token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")


@given(PURPOSES, PURPOSES, PARTS)
def test_a_token_of_one_purpose_is_worthless_for_another(
    purpose: Purpose, other: Purpose, parts: list[int | str]
) -> None:
    token = SIGNER.sign(purpose, *parts)
    if other is not purpose:
        with pytest.raises(InputError, match="not valid"):
            SIGNER.read(other, token)


@given(PARTS, st.integers(0, 500), st.characters(codec="utf-8"))
def test_a_changed_token_is_refused_or_says_the_same(
    parts: list[int | str], place: int, character: str
) -> None:
    token = SIGNER.sign(Purpose.MUTE, *parts)
    place %= len(token)
    changed = token[:place] + character + token[place + 1 :]
    try:
        # The last character of a signature has two bits that stand for nothing.
        assert SIGNER.read(Purpose.MUTE, changed) == tuple(parts)
        assert place == len(token) - 1 or changed == token
    except InputError:
        assert changed != token


@given(st.text(st.characters(), max_size=1500))
@example("\ud800")
@example("WzFd.\ud800")
@example("a" * 100_000)
@example("." * 900)
@example(".eJw." + "A" * 43)
def test_garbage_is_refused_with_a_mend(garbage: str) -> None:
    with pytest.raises(InputError, match="open it from the mail it came in"):
        SIGNER.read(Purpose.UNSUBSCRIBE, garbage)


def test_links_in_old_mails_work_after_the_secret_was_rotated() -> None:
    before = Signer(("old secret",))
    during = Signer(("newest secret", "old secret"))
    old, new = before.sign(Purpose.UNSUBSCRIBE, 7), during.sign(Purpose.UNSUBSCRIBE, 7)
    assert during.read(Purpose.UNSUBSCRIBE, old) == (7,)
    assert new == SIGNER.sign(Purpose.UNSUBSCRIBE, 7) != old
    for signer, token in ((SIGNER, old), (before, new)):
        with pytest.raises(InputError):
            signer.read(Purpose.UNSUBSCRIBE, token)


def test_signing_twice_gives_the_same_token() -> None:
    assert SIGNER.sign(Purpose.VIEW, 3, "x") == Signer(("newest secret",)).sign(
        Purpose.VIEW, 3, "x"
    )


def test_a_token_of_ids_is_short_enough_for_a_header_line() -> None:
    assert len(SIGNER.sign(Purpose.UNSUBSCRIBE, *(2**63 - 1,) * 4)) < 200


def test_a_keyed_hash_depends_on_the_text_and_the_newest_secret() -> None:
    one = SIGNER.keyed_hash("digest:1")
    assert len(one) == 32
    assert int(one, 16) >= 0
    assert one == Signer(("newest secret", "old secret")).keyed_hash("digest:1")
    assert one != SIGNER.keyed_hash("digest:2")
    assert one != Signer(("old secret", "newest secret")).keyed_hash("digest:1")


@pytest.mark.parametrize("secrets", [(), ("",), ("newest secret", "")])
def test_a_signer_needs_secrets(secrets: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="at least one secret"):
        Signer(secrets)


def test_a_token_of_a_moment_ends_with_its_lifetime() -> None:
    signer = Signer(("one",))
    week = timedelta(days=7)
    token = signer.sign_at(Purpose.VIEW, NOON, 5, "a")
    assert signer.read_at(Purpose.VIEW, token, NOON + week, week) == ((5, "a"), True)
    late = NOON + week + timedelta(seconds=1)
    assert signer.read_at(Purpose.VIEW, token, late, week) == ((5, "a"), False)
    early = NOON - timedelta(hours=1)
    assert signer.read_at(Purpose.VIEW, token, early, week) == ((5, "a"), False)


def test_a_token_without_a_moment_is_not_read_as_one() -> None:
    signer = Signer(("one",))
    for parts in ((), (1, 2), ("at",), ("at", "x")):
        token = signer.sign(Purpose.VIEW, *parts)
        with pytest.raises(InputError, match="when it was made"):
            signer.read_at(Purpose.VIEW, token, NOON, timedelta(days=1))


@given(PURPOSES, st.lists(st.integers(0, 2**62), min_size=1, max_size=4))
def test_a_short_token_is_the_one_itsdangerous_reads_and_writes(
    purpose: Purpose, parts: list[int]
) -> None:
    theirs = URLSafeSerializer(
        ["newest secret"],
        salt=f"mailer.{purpose}",
        signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
    )
    assert theirs.loads(SIGNER.sign(purpose, *parts)) == parts
    assert SIGNER.read(purpose, str(theirs.dumps(parts))) == tuple(parts)


@given(PURPOSES, PURPOSES, st.lists(st.integers(0, 2**62), max_size=3), st.integers(0, 2**62))
def test_tokens_of_a_stem_are_bound_to_purpose_ids_and_secret(
    purpose: Purpose, other: Purpose, ids: list[int], last: int
) -> None:
    token = SIGNER.stem(purpose, *ids).token(last)
    assert SIGNER.read(purpose, token) == (*ids, last)
    assert Signer(("new", "newest secret")).read(purpose, token) == (*ids, last)
    wrong = [(other, token)] if other is not purpose else []
    wrong += [(purpose, f"{last + 1}.{token.partition('.')[2]}"), (purpose, token[:-1] + "g")]
    wrong += [(purpose, f"1.{token}"), (purpose, f"0{token}")]
    for place, changed in wrong:
        if changed != token or place is not purpose:
            with pytest.raises(InputError):
                SIGNER.read(place, changed)
    with pytest.raises(InputError):
        Signer(("another",)).read(purpose, token)
