"""Reads what the buyer typed: a card or an IBAN, checked as the real page would before anything is sent.

The full number and the security code live only inside these functions; what leaves them is a test card and its expiry.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from stripe_sandbox.cards import Card, card_by_number, passes_luhn
from stripe_sandbox.ibans import BankAccount, bank_account_by_iban, is_iban

_NUMBER = re.compile(r"\d{12,19}")
_EXPIRY = re.compile(r"(\d{1,2})\s*[/ -]?\s*(\d{2}|\d{4})")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")


@dataclass(frozen=True)
class CardEntry:
    """A recognised test card with its expiry (month, year)."""

    card: Card
    expiry: tuple[int, int]


@dataclass(frozen=True)
class EntryProblem:
    """Which field is wrong and the name of the words that say so."""

    field: str
    words: str


def read_card(number: str, expiry: str, cvc: str, now: int) -> CardEntry | EntryProblem:
    """The card that was typed, or the first problem."""
    card = _read_number(number)
    if isinstance(card, EntryProblem):
        return card
    until = _read_expiry(expiry, now)
    if isinstance(until, EntryProblem):
        return until
    if not re.fullmatch(rf"\d{{{card.cvc_length}}}", cvc.strip()):
        return EntryProblem("cvc", "cvc_invalid")
    return CardEntry(card, until)


def _read_number(number: str) -> Card | EntryProblem:
    digits = re.sub(r"[\s-]", "", number)
    if not _NUMBER.fullmatch(digits):
        return EntryProblem("number", "number_invalid")
    if not passes_luhn(digits):
        return EntryProblem("number", "number_incorrect")
    return card_by_number(digits) or EntryProblem("number", "number_real")


def _read_expiry(expiry: str, now: int) -> tuple[int, int] | EntryProblem:
    match = _EXPIRY.fullmatch(expiry.strip())
    if match is None or not 1 <= int(match[1]) <= 12:  # noqa: PLR2004 - months of a year
        return EntryProblem("expiry", "expiry_invalid")
    month, year = int(match[1]), int(match[2])
    year += 2000 if year < 100 else 0  # noqa: PLR2004 - two digits mean this century
    today = datetime.fromtimestamp(now, UTC)
    if (year, month) < (today.year, today.month):
        return EntryProblem("expiry", "expiry_past")
    return month, year


def read_iban(text: str) -> BankAccount | EntryProblem:
    """The bank account that was typed, or the problem."""
    iban = re.sub(r"\s", "", text).upper()
    if not is_iban(iban):
        return EntryProblem("iban", "iban_invalid")
    return bank_account_by_iban(iban) or EntryProblem("iban", "iban_real")


def is_email(text: str) -> bool:
    """Says whether this can be an e-mail address."""
    return _EMAIL.fullmatch(text) is not None
