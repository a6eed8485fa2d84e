"""In which currency money is settled: the charge's own, or the account's where it has no bank account for that.

Rates are of this sandbox's own making: one per currency, moved by the day, so that money that goes back later goes back
at another rate. Only currencies of two decimals are exchanged; all others are settled as they are.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from stripe_sandbox.state.work import Work

# A setting of the account: `charge` settles in the charge's currency, `account` in the account's.
SETTLEMENT_SETTING = "settlement"
DEFAULT_CURRENCY = "eur"
RATES = {"usd": Decimal("0.92"), "gbp": Decimal("1.17"), "chf": Decimal("1.05")}
_DAY_S = 24 * 3600


@dataclass(frozen=True)
class Settled:
    """A sum in the currency it is settled in; `rate` is None if it was not exchanged."""

    amount: int
    currency: str
    rate: float | None = None


def settle(work: Work, amount: int, currency: str) -> Settled:
    """What a sum is in the balance today."""
    if work.account.settings.get(SETTLEMENT_SETTING, "charge") == "charge" or currency not in RATES:
        return Settled(amount, currency)
    step = work.now // _DAY_S % 7 - 3
    rate = RATES[currency] * (1000 + step) / 1000
    exchanged = (amount * rate).quantize(Decimal(1), ROUND_HALF_UP)
    return Settled(int(exchanged), DEFAULT_CURRENCY, float(rate))
