"""What happens by itself when an account's time comes: each timer in a transaction of its own, in order of time."""

from collections.abc import Callable

from stripe_sandbox.flows.balance import fill_balance, free_funds
from stripe_sandbox.flows.bank import answer_debit
from stripe_sandbox.flows.capture import lapse_authorization
from stripe_sandbox.flows.checkout import expire_due_session
from stripe_sandbox.flows.disputes import close_due_inquiry, decide_dispute, pass_deadline
from stripe_sandbox.flows.payouts import pay_due_payout, reconcile_payout, send_due_payout
from stripe_sandbox.flows.refunds import fail_due_refund, give_reference, settle_due_refund
from stripe_sandbox.scenarios.playing import play_step
from stripe_sandbox.scenarios.steps import ACT
from stripe_sandbox.state.store import Account, Store
from stripe_sandbox.state.work import Cause, Work

ACTS: dict[str, Callable[[Work, str], None]] = {
    "answer_debit": answer_debit,
    "close_inquiry": close_due_inquiry,
    "decide_dispute": decide_dispute,
    "dispute_deadline": pass_deadline,
    "expire_session": expire_due_session,
    "fail_refund": fail_due_refund,
    "fill_balance": fill_balance,
    "free_funds": free_funds,
    "give_reference": give_reference,
    "lapse_authorization": lapse_authorization,
    ACT: play_step,
    "pay_payout": pay_due_payout,
    "reconcile_payout": reconcile_payout,
    "send_payout": send_due_payout,
    "settle_refund": settle_due_refund,
}
RUN_MAX = 100_000


def run_due(store: Store, account: Account) -> int:
    """Runs every timer whose time has come, at its own time; gives how many ran."""
    now = account.time.at(store.clock.now())
    for done in range(RUN_MAX):
        row = store.connection.execute(
            "SELECT seq, due, act, target FROM timer WHERE account = ? AND due <= ? ORDER BY due, seq LIMIT 1",
            (account.id, now),
        ).fetchone()
        if row is None:
            return done
        with store.transaction() as tx:
            tx.execute("DELETE FROM timer WHERE seq = ?", (row["seq"],))
            ACTS[row["act"]](Work(tx, account, row["due"], Cause()), row["target"])
    raise RuntimeError("timers keep setting timers")
