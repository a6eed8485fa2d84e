"""People of the shop: sessions, accounts, and what an e-mail address and a password must be. Pure."""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import idna

from vivr.ids import PersonId, SessionId

EMAIL_LENGTH_MAX: Final = 254
NAME_LENGTH_MAX: Final = 200
PASSWORD_LENGTH_MIN: Final = 10
PASSWORD_LENGTH_MAX: Final = 256

_LOCAL_LENGTH_MAX: Final = 64
_LOCAL_PART: Final = re.compile(r"[^\s@<>()\[\]\\,;:\"\x00-\x1f\x7f]+(?<!\.)")
_ASCII_DOMAIN: Final = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]*[a-z][a-z0-9-]*[a-z0-9]", re.ASCII)


class PersonKind(StrEnum):
    """Which door an account goes through."""

    CUSTOMER = "customer"
    STAFF = "staff"


@dataclass(frozen=True, slots=True)
class Person:
    """An account, opened: e-mail and name are in plain text here and nowhere else."""

    id: PersonId
    kind: PersonKind
    role: str | None
    email: str
    name: str
    locale: str


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


def password_problem(password: str, *, email: str, shop_name: str) -> str | None:
    """Why a normalised password is refused, or None: 10 to 256 characters, not the address, not the shop's name."""
    if len(password) < PASSWORD_LENGTH_MIN:
        return "password_too_short"
    if len(password) > PASSWORD_LENGTH_MAX:
        return "password_too_long"
    plain = password.strip().casefold()
    guessable = {email, email.partition("@")[0], shop_name.casefold()}
    return "password_guessable" if plain in guessable or len(set(plain)) == 1 else None


def text_problem(text: str, *, length_max: int, required: bool = True) -> str | None:
    """Why a line of text is refused, or None: not empty, not too long, and no control characters."""
    if required and not text.strip():
        return "required"
    if len(text) > length_max:
        return "too_long"
    if any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in text):
        return "control_characters"
    return None
