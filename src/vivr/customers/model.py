"""People of the shop: sessions, accounts, and what an e-mail address and a password must be. Pure."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import idna

from vivr.ids import PersonId, SessionId

EMAIL_LENGTH_MAX: Final = 254
NAME_LENGTH_MAX: Final = 200
PASSWORD_LENGTH_MIN: Final = 10
PASSWORD_LENGTH_MAX: Final = 256
UNCONFIRMED_LIFETIME: Final = timedelta(days=30)
"""How long an account waits for the proof of its address; as long as the session that it was made in."""

_LOCAL_LENGTH_MAX: Final = 64
_LOCAL_PART: Final = re.compile(r"[^\s@<>()\[\]\\,;:\"\x00-\x1f\x7f]+(?<!\.)")
_OWN_WORD_LENGTH_MIN: Final = 3
_ASCII_DOMAIN: Final = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]*[a-z][a-z0-9-]*[a-z0-9]", re.ASCII)


class PersonKind(StrEnum):
    """Which door an account goes through."""

    CUSTOMER = "customer"
    STAFF = "staff"


class MailKind(StrEnum):
    """What a mail about an account is for."""

    CONFIRM = "account_confirm"
    RESET = "password_reset"
    CHANGE = "email_change"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - the name of a mail
    EMAIL_CHANGED = "email_changed"


SESSION_IDLE: Final = {PersonKind.CUSTOMER: timedelta(days=14), PersonKind.STAFF: timedelta(hours=2)}
"""How long a person's session lives unused; a guest's has nothing in it that is worth an earlier end."""

_BROWSERS: Final = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
"""What stands in a user agent, and what it is; the first that is found counts, because browsers pose as each other."""


@dataclass(frozen=True, slots=True)
class Person:
    """An account, opened: e-mail and name are in plain text here and nowhere else.

    ``is_confirmed``: somebody proved that the address is theirs; an account without that buys, and owns no address.
    """

    id: PersonId
    kind: PersonKind
    role: str | None
    email: str
    name: str
    locale: str
    is_confirmed: bool


@dataclass(frozen=True, slots=True)
class Session:
    """A living browser session: a guest's where there is no person."""

    id: SessionId
    person_id: PersonId | None
    kind: PersonKind | None
    staff_role: str | None

    @property
    def principal(self) -> str:
        """Who owns what is done in it: ``guest:<session>``, ``customer:<person>`` or ``staff:<person>``."""
        if self.person_id is None or self.kind is None:
            return f"guest:{self.id}"
        return f"{self.kind}:{self.person_id}"

    @property
    def role(self) -> str:
        """What the caller may do: ``guest``, ``customer``, or the staff member's role."""
        if self.kind is PersonKind.STAFF:
            return self.staff_role or "viewer"
        return "guest" if self.kind is None else "customer"


@dataclass(frozen=True, slots=True)
class AddressedMail:
    """A mail that is ready to be written: which text, to whom, and the secret of its link where it has one."""

    kind: str
    email: str
    token: str | None


def normalise_email(text: str) -> str | None:
    """An address in the one form that is stored and compared: NFC, case folded, the domain in IDNA's ASCII.

    None: it is no address. Only what makes delivery impossible is refused; quoted local parts and bare host names,
    which no customer has, are too.
    """
    local, at, domain = unicodedata.normalize("NFC", text.strip()).casefold().rpartition("@")
    if not at or len(local) > _LOCAL_LENGTH_MAX or local.startswith(".") or ".." in local:
        return None
    if _LOCAL_PART.fullmatch(local) is None or not local.isprintable():
        return None
    try:
        ascii_domain = idna.encode(domain, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        return None
    email = f"{local}@{ascii_domain}"
    if len(email) > EMAIL_LENGTH_MAX or _ASCII_DOMAIN.fullmatch(ascii_domain) is None:
        return None
    return email


def normalise_password(password: str) -> str:
    """One byte sequence for what keyboards write in several: NFC."""
    return unicodedata.normalize("NFC", password)


def own_words(texts: Iterable[str]) -> frozenset[str]:
    """The words that somebody who knows the person or the shop tries first: of a name, an address, a shop's name."""
    found = {word for text in texts for word in re.split(r"[\W_\d]+", text.casefold())}
    return frozenset(word for word in found if len(word) >= _OWN_WORD_LENGTH_MIN)


def password_problem(password: str, words: frozenset[str]) -> str | None:
    """Why a normalised password is refused whatever its strength, or None.

    It has 10 to 256 characters, and more in it than the person's and the shop's own words, digits and signs.
    """
    if len(password) < PASSWORD_LENGTH_MIN:
        return "password_too_short"
    if len(password) > PASSWORD_LENGTH_MAX:
        return "password_too_long"
    rest = password.casefold()
    for word in sorted(words, key=len, reverse=True):
        rest = rest.replace(word, " ")
    letters = [character for character in rest if character.isalpha()]
    is_only_own = not letters and any(word in password.casefold() for word in words)
    return "password_guessable" if is_only_own or len(set(password)) == 1 else None


def is_session_over(kind: PersonKind | None, *, seen_at: datetime, at: datetime) -> bool:
    """Whether nobody used a session for too long; its absolute end is another thing, and comes first for guests."""
    idle = SESSION_IDLE.get(kind) if kind else None
    return idle is not None and at - seen_at >= idle


def coarse_device(user_agent: str) -> str:
    """A browser and a system, as in "Firefox, Windows": enough to know one's own again, too little to be known by."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    return ", ".join(part for part in (browser, system) if part)


def text_problem(text: str, *, length_max: int, required: bool = True) -> str | None:
    """Why a line of text is refused, or None: not empty, not too long, and no control characters."""
    if required and not text.strip():
        return "required"
    if len(text) > length_max:
        return "too_long"
    if any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in text):
        return "control_characters"
    return None
