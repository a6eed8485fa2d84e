"""The bank as a person or a test plays it: POST bank/{id}/{act}, where the id says what the act is done to."""

from stripe_sandbox.control.request import Control
from stripe_sandbox.flows.payouts import PayoutWish, available_entries, open_payout
from stripe_sandbox.scenarios.acts import play_act
from stripe_sandbox.state.work import Doc, open_work, public


def play_bank(control: Control) -> Doc:
    """POST bank/{id}/{act}.

    PaymentIntent: `settle` or `fail` a bank debit, `authenticate` or `refuse` a challenge (SetupIntent too). Refund:
    `succeed`, `fail` (also long after it succeeded), `ask_buyer` (requires_action), `cancel`. Charge: `dispute`, `warn`
    (early fraud warning). Dispute: `win`, `lose`, and for an inquiry `escalate`, `close`. Payout: `pay`, `fail`.
    """
    with open_work(control.sandbox.store, control.account) as work:
        return public(play_act(work, control.path["id"], control.path["act"], control.body))


def pay_out(control: Control) -> Doc:
    """POST payouts: an automatic payout per currency of all that is available; `payouts` are those that were made."""
    with open_work(control.sandbox.store, control.account) as work:
        made: list[Doc] = []
        for currency in sorted({entry["currency"] for entry in available_entries(work)}):
            entries = available_entries(work, currency)
            amount = sum(entry["net"] for entry in entries)
            if amount > 0:
                names = tuple(entry["id"] for entry in entries)
                made.append(public(open_payout(work, PayoutWish(amount, currency, entries=names))))
        return {"payouts": made}
