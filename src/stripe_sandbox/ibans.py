"""Stripe's test bank accounts for SEPA Direct Debit and what a debit of each of them leads to.

Source: Stripe docs, testing (2026-08-07). `delay_s` is when the bank answers by itself; a bank act through the control
routes comes first.
"""

from dataclasses import dataclass

from stripe_sandbox import declines
from stripe_sandbox.declines import Decline
from stripe_sandbox.ids import scramble

PROMPT_S = 60.0
DELAYED_S = 180.0


@dataclass(frozen=True)
class BankAccount:
    """One test IBAN and the end of a debit on it; `decline` None means that the money comes."""

    iban: str
    scenario: str
    delay_s: float = PROMPT_S
    decline: Decline | None = None

    @property
    def country(self) -> str:
        """The country of the account (ISO 3166, two letters)."""
        return self.iban[:2]

    @property
    def last4(self) -> str:
        """The end of the IBAN, which may be shown."""
        return self.iban[-4:]

    @property
    def fingerprint(self) -> str:
        """The same for the same account, and not its number."""
        return scramble("iban", self.iban, length=16)


def _accounts(rows: dict[str, str]) -> list[BankAccount]:
    failing = {"failed": declines.BANK_DEBIT_FAILED, "failedDelayed": declines.BANK_DEBIT_FAILED}
    failing["insufficientFunds"] = declines.BANK_INSUFFICIENT_FUNDS
    return [
        BankAccount(iban, scenario, DELAYED_S if scenario.endswith("Delayed") else PROMPT_S, failing.get(scenario))
        for scenario, iban in rows.items()
    ]


BANK_ACCOUNTS = (
    *_accounts(
        {
            "success": "DE89370400440532013000",
            "successDelayed": "DE08370400440532013003",
            "failed": "DE62370400440532013001",
            "failedDelayed": "DE78370400440532013004",
            "disputed": "DE35370400440532013002",
            "insufficientFunds": "DE65370400440002222227",
        }
    ),
    *_accounts(
        {
            "success": "AT611904300234573201",
            "successDelayed": "AT321904300235473204",
            "failed": "AT861904300235473202",
            "failedDelayed": "AT051904300235473205",
            "disputed": "AT591904300235473203",
            "insufficientFunds": "AT981904300002222227",
        }
    ),
    *_accounts(
        {
            "success": "FR1420041010050500013M02606",
            "successDelayed": "FR3020041010050500013M02609",
            "failed": "FR8420041010050500013M02607",
            "failedDelayed": "FR7920041010050500013M02600",
            "disputed": "FR5720041010050500013M02608",
        }
    ),
    # Stripe CLI 1.52.0 lets an asynchronous payment fail with the second one.
    *_accounts({"success": "IT40S0542811101000000123456", "failed": "IT60X0542811101000000123456"}),
)

_BY_IBAN = {account.iban: account for account in BANK_ACCOUNTS}
_BY_NAME = {f"pm_sepaDebit_{account.scenario}_{account.country.lower()}": account for account in BANK_ACCOUNTS}


_BY_FINGERPRINT = {account.fingerprint: account for account in BANK_ACCOUNTS}


def bank_account_by_fingerprint(fingerprint: str) -> BankAccount:
    """The test account of a stored payment method, which holds no IBAN."""
    return _BY_FINGERPRINT[fingerprint]


def bank_account_by_iban(iban: str) -> BankAccount | None:
    """The test account with this IBAN (upper case, no spaces)."""
    return _BY_IBAN.get(iban)


def bank_account_by_name(name: str) -> BankAccount | None:
    """The test account behind `pm_sepaDebit_success_de`."""
    return _BY_NAME.get(name)


def is_iban(text: str) -> bool:
    """The check digits of an IBAN (ISO 13616, mod 97)."""
    if not text.isalnum() or not text.isascii() or len(text) < 15:  # noqa: PLR2004 - the shortest IBAN (Norway)
        return False
    rotated = text[4:] + text[:4]
    return int("".join(str(int(letter, 36)) for letter in rotated)) % 97 == 1
