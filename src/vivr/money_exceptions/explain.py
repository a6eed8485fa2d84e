"""What happened, what can be done about it, and what each choice does, in plain words. Pure.

The sentences are gettext keys of the domain ``vivr``; the reasons against a choice are error codes.
"""

from dataclasses import dataclass
from typing import Final

from vivr.money_exceptions.model import NOTHING_HELD, RULED, Action, Kind, MoneyException, refuse

_K = Kind

STORIES: Final = {
    _K.WRONG_MODE: "The payment was made in test mode and names a real order, or the other way round.",
    _K.WRONG_CURRENCY: "The payment came in another currency than the order asks for.",
    _K.WRONG_AMOUNT: "The payment brought another sum than the order asks for.",
    _K.WRONG_CUSTOMER: (
        "The payment names this order, but not the Stripe customer for whom its checkout was opened made it."
    ),
    _K.STRAY: (
        "The payment names this order and brought the right sum, but it did not come through the checkout that was"
        " opened for it: another program with the shop's key made it."
    ),
    _K.TWICE: "The order was paid already by another payment: the customer paid it twice.",
    _K.LATE: "The order was cancelled before the money came, and its goods went back onto the shelf.",
    _K.OVERSOLD: "The order was cancelled before the money came, and its goods were sold to somebody else since.",
    _K.UNKNOWN_ORDER: (
        "The payment carries this shop's name, but belongs to no order in its books. No rule ever gives such money back"
        " by itself: find out first who paid it, and for what."
    ),
    _K.DOUBLE_LOSS: (
        "The money of this payment left twice: it was refunded, and the bank took it back in a dispute as well."
        " Together that is more than was paid."
    ),
    _K.LEDGER_MISMATCH: "Stripe's books and the shop's books say different things about this movement of money.",
}
"""What happened, by kind."""

_GIVE_BACK: Final = "Give it back: the whole sum returns to where it came from, and the order stays as it is."
_RELEASE: Final = "Release it: the hold on the customer's money ends, and nothing was ever taken."
_ACCEPT: Final = "Accept it: this money pays the order, in your name. A cancelled order is placed anew first."
_ACCEPT_ANEW: Final = (
    "Accept it: the order is placed anew with the same lines and prices, its stock is taken, and this money pays it."
)
_ACKNOWLEDGE: Final = "Close it with a reason: no money moves; your name and the reason are kept."

SENTENCES: Final = (*STORIES.values(), _GIVE_BACK, _RELEASE, _ACCEPT, _ACCEPT_ANEW, _ACKNOWLEDGE)
"""Everything that this module says."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Something that a person can do.

    Attributes:
        effect: what it does, as a gettext key.
        refused: the error code that says why it can't be done; None: it can.
    """

    action: Action
    effect: str
    refused: str | None


def choices_of(exception: MoneyException) -> list[Choice]:
    """What can be done about an exception now, and why not what can't; nothing for one that is over."""
    effects = {Action.ACKNOWLEDGE: _ACKNOWLEDGE}
    if exception.kind not in NOTHING_HELD:
        effects = {
            Action.GIVE_BACK: _GIVE_BACK if exception.captured else _RELEASE,
            Action.ACCEPT: _ACCEPT_ANEW if exception.kind in RULED else _ACCEPT,
        }
    choices: list[Choice] = []
    for action, effect in effects.items():
        refusal = refuse(exception, action)
        choices.append(Choice(action, effect, refusal.code if refusal else None))
    return choices
