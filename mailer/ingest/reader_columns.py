"""Which column of a list of readers holds what: header words of several languages, or a guess."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mailer.core.addresses import read_address
from mailer.core.hygiene import clean_header
from mailer.core.reader_lines import FIELDS
from mailer.errors import InputError

_SYNONYMS: Mapping[str, str] = {
    "email": """email mail e-mail-address email-address subscriber-email mail-address
        e-mail-adresse emailadresse mailadresse adresse-e-mail adresse-mail adresse-électronique
        adresse-courriel courriel correo correo-electrónico dirección-de-correo
        dirección-de-correo-electrónico indirizzo-email indirizzo-e-mail posta-elettronica
        endereço-de-email correio-eletrónico e-mailadres sähköposti e-post epost
        이메일 이메일-주소 메일 메일-주소 전자우편 邮箱 邮件 电子邮件 电子邮箱 邮箱地址 電子郵件
        電郵 信箱
        メール メールアドレス электронная-почта почта эл-почта البريد-الإلكتروني""",
    "name": """name full-name fullname reader subscriber-name nome nome-completo nom nom-complet
        nombre nombre-completo naam namn navn 이름 성명 姓名 名字 名前 氏名 имя الاسم""",
    "first_name": """first-name firstname fname given-name vorname prénom primer-nombre
        nome-proprio voornaam""",
    "last_name": """last-name lastname lname surname family-name nachname nom-de-famille apellido
        apellidos cognome achternaam 성 姓""",
    "locale": """locale language lang languages preferred-language langue lingua idioma sprache
        taal 언어 语言 語言 言語 язык""",
    "timezone": """timezone time-zone tz zeitzone fuseau-horaire fuso-orario zona-horaria
        시간대 时区 時區 タイムゾーン""",
    "hour": "hour delivery-hour send-hour stunde heure ora hora 시각",
    "format": "format mail-format email-type formato",
    "quiet": "quiet quiet-hours",
    "newsletter": "newsletter newsletters list 뉴스레터 通讯",
    "follows": "follows follow expression tags topics topic themen temas sujets 주제 主题",
    "cadence": "cadence frequency digest häufigkeit fréquence frecuencia frequenza 주기 频率",
    "consent": "consent consent-text opt-in-text einwilligung consentement consentimiento consenso",
    "consent_source": "consent-source source signup-source opt-in-source",
    "consented_at": """consented-at consent-date opt-in-date optin-time confirm-time
        subscribed-at subscription-date confirmed-at created-at""",
}


def plain_name(text: str) -> str:
    """Return a header word without case, accents, spaces and punctuation."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return unicodedata.normalize("NFC", re.sub(r"[\W_]|[\u0300-\u036f]", "", apart))


_FIELD_OF = {
    plain_name(word): field for field, words in _SYNONYMS.items() for word in words.split()
}
_SAMPLE = 20


@dataclass(frozen=True, slots=True)
class Columns:
    """Where each field stands. `names` are the cells of the first line, empty when it has data."""

    names: tuple[str, ...]
    places: Mapping[str, int]
    notes: tuple[str, ...] = ()

    @property
    def header(self) -> tuple[str, ...]:
        """The names of the columns, made up where none stood in the file."""
        if self.names:
            return self.names
        place = self.places["email"]
        return (*(f"column {i + 1}" for i in range(place)), "email")

    @property
    def has_header(self) -> bool:
        """Whether the first line names columns."""
        return bool(self.names)

    def row(self, cells: Sequence[str]) -> dict[str, str]:
        """Return the cells by field; a cell that is not there is empty."""
        return {
            field: cells[place].strip() if place < len(cells) else ""
            for field, place in self.places.items()
        }


def known_names(cells: Sequence[str]) -> int:
    """Count the cells that name a column we know."""
    return sum(1 for cell in cells if plain_name(cell) in _FIELD_OF)


def find_columns(
    first: Sequence[str], following: Sequence[Sequence[str]], chosen: Mapping[str, str] = {}
) -> Columns:
    """Find the columns by the first line, or by what stands in them.

    `chosen` says for a field which column it is, by its name or as "#2"; "" leaves it out. Raises
    InputError when no column holds addresses, or more than one may.
    """
    names = tuple(clean_header(cell, 100) for cell in first)
    places: dict[str, int] = {}
    notes: list[str] = []
    for place, name in enumerate(names):
        field = _FIELD_OF.get(plain_name(name))
        if field is not None and field not in chosen:
            places.setdefault(field, place)
    for field, wanted in chosen.items():
        if field not in FIELDS:
            raise InputError(f"unknown field '{clean_header(field, 40)}': use {', '.join(FIELDS)}")
        if wanted:
            places[field] = _place_of(wanted, names)
    if "email" not in places:
        places["email"] = _by_content(first, following, names)
        if _is_address(first[places["email"]]):
            notes.append("no line names the columns: only the addresses are taken")
            return Columns((), {"email": places["email"]}, tuple(notes))
        notes.append(f"column '{names[places['email']]}' holds the addresses")
    if "follows" in places and "newsletter" not in places:
        notes.append(
            f"column '{names[places.pop('follows')]}' is left out: no column names the newsletter"
        )
    return Columns(names, places, tuple(notes))


def _place_of(wanted: str, names: Sequence[str]) -> int:
    number = wanted.removeprefix("#")[:4]
    if wanted.startswith("#") and number.isascii() and number.isdigit():
        if 0 < int(number) <= len(names):
            return int(number) - 1
    elif plain_name(wanted) in (plain := [plain_name(name) for name in names]):
        return plain.index(plain_name(wanted))
    raise InputError(f"no column '{clean_header(wanted, 40)}': the first line has {_listed(names)}")


def _by_content(
    first: Sequence[str], following: Sequence[Sequence[str]], names: Sequence[str]
) -> int:
    rows = [first, *following[:_SAMPLE]]
    found = [
        place
        for place in range(len(first))
        if any(place < len(row) and _is_address(row[place]) for row in rows)
    ]
    if len(found) == 1:
        return found[0]
    why = "no column holds addresses" if not found else "more than one column holds addresses"
    raise InputError(
        f"no column 'email' in the first line, and {why}: it has {_listed(names)}; name it in the "
        "first line, or say which it is"
    )


def _listed(names: Sequence[str]) -> str:
    return clean_header(", ".join(name for name in names if name), 300) or "nothing"


def _is_address(text: str) -> bool:
    try:
        read_address(text)
    except InputError:
        return False
    return True
