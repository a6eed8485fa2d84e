"""What a purchase with one of Stripe's test cards must lead to. Pure.

Source: Stripe docs, Testing (https://docs.stripe.com/testing), as of August 2026.
"""

from dataclasses import dataclass
from typing import Final

_DECLINED: Final = frozenset(
    (
        "4000000000000002",
        "4000000000000069",
        "4000000000000119",
        "4000000000000127",
        "4000000000000341",
        "4000000000004954",
        "4000000000006975",
        "4000000000009979",
        "4000000000009987",
        "4000000000009995",
        "4000008400001280",
        "4100000000000019",
    )
)
_CHALLENGED: Final = frozenset(("4000000000003220", "4000002500003155", "4000002760003184"))
_CHALLENGED_THEN_DECLINED: Final = frozenset(("4000008260003178", "4000008400001629"))
_AMEX: Final = "378282246310005"


@dataclass(frozen=True, slots=True)
class Expectation:
    """How a card's purchase must go.

    Attributes:
        is_declined: whether the bank says no, so that the order stays unpaid.
        has_challenge: whether the buyer must pass a 3-D Secure challenge first.
    """

    is_declined: bool
    has_challenge: bool


def expectation_of(number: str) -> Expectation:
    """What must come of a card, by its digits; a card that is in no list simply pays."""
    return Expectation(
        is_declined=number in _DECLINED | _CHALLENGED_THEN_DECLINED,
        has_challenge=number in _CHALLENGED | _CHALLENGED_THEN_DECLINED,
    )


def security_code(number: str) -> str:
    """A code of the length that the card's brand prints."""
    return "1234" if number == _AMEX else "123"
