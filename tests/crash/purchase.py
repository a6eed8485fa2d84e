"""One purchase during which a process is killed at a named point and restarted; then every promise is checked.

The buyer behaves as a real one: a request without an answer is repeated with the same Idempotency-Key.
"""

import itertools
import secrets
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString

import httpx
import psycopg

from flows.stack import EarlyEndError, Stack, start_stack

WAIT_S = 75.0

CLOSE_POINTS = (
    "close.before_reserve",
    "close.after_reserve",
    "close.after_call",
    "close.after_record",
    "close.after_cancel",
)
REFUND_POINTS = (
    "refund.before_reserve",
    "refund.after_reserve",
    "refund.after_call",
    "refund.in_apply",
    "refund.after_record",
)
_runs = itertools.count(1)


@dataclass(frozen=True)
class Plan:
    """What happens in a run: which process dies where, and whether the code is broken on purpose."""

    process: str
    points: tuple[str, ...]
    broken: str | None = None

    @property
    def cancels(self) -> bool:
        """Whether the buyer cancels instead of paying."""
        return self.points[0] in CLOSE_POINTS

    @property
    def refunds(self) -> bool:
        """Whether the buyer, who may by this shop's policy, refunds the order after it is paid."""
        return any(point in REFUND_POINTS for point in self.points)

    @property
    def name(self) -> str:
        """As shown in reports."""
        return f"{self.process}@{'+'.join(self.points)}{f' ({self.broken} broken)' if self.broken else ''}"


@dataclass
class Outcome:
    """What came of a run."""

    reached: int
    violations: list[str]


class Supervisor:
    """Restarts the armed process when it died, armed for the next point if the plan has one."""

    def __init__(self, stack: Stack, plan: Plan) -> None:
        self.stack = stack
        self.plan = plan
        self.reached = 0
        self._start()

    def _start(self) -> None:
        """Start it until it answers: a webhook that waited may kill it at its point before it was seen ready."""
        while True:
            arguments: list[str] = []
            if self.reached < len(self.plan.points):
                arguments += ["--point", self.plan.points[self.reached]]
            if self.plan.broken:
                arguments += ["--broken", self.plan.broken]
            self.stack.start(self.plan.process, *arguments)
            try:
                self.stack.wait_until_ready(self.plan.process)
            except EarlyEndError:
                self._count_kill()
            else:
                return

    def look(self) -> None:
        """Restart it if it was killed."""
        if self.stack.processes[self.plan.process].poll() is not None:
            self._count_kill()
            self._start()

    def _count_kill(self) -> None:
        """A death is wanted at an armed point and by SIGKILL; any other one ends the run."""
        status = self.stack.processes[self.plan.process].poll()
        if status != -signal.SIGKILL or self.reached >= len(self.plan.points):
            raise AssertionError(f"{self.plan.process} ended with {status}: {self.stack.log(self.plan.process)}")
        self.reached += 1


def run_purchase(plan: Plan, folder: Path, database_url: str, sandbox_url: str) -> Outcome:
    """Buy (or cancel) while a process dies at the plan's points, then check every promise."""
    folder.mkdir(parents=True, exist_ok=True)
    other = "worker" if plan.process == "web" else "web"
    policy = {"REFUND_CUSTOMER_POLICY": "execute"}
    with start_stack(folder, database_url, sandbox_url=sandbox_url, launch=(), **policy) as stack:
        product_id = add_product(database_url)
        stack.start(other, *(["--broken", plan.broken] if plan.broken else []))
        supervisor = Supervisor(stack, plan)
        stack.wait_until_ready(other)
        order_id = _buy(stack, supervisor, plan, product_id)
        state = _wait_for_end(supervisor, database_url, order_id, plan)
        violations = _violations(stack, order_id, product_id, state, plan)
        return Outcome(supervisor.reached, violations)


def add_product(database_url: str) -> str:
    """A product of 24.90 EUR with ten units."""
    product_id = f"prd_crash{next(_runs):04d}{secrets.token_hex(4)}"
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO catalogue_entry (handle, position, title, description_html, vendor, kind, tags, option_names,"
            " published, created_at, updated_at) VALUES ('bol', 1, 'Bol', '', '', '', '{}', '{}', true, now(), now())"
        )
        connection.execute(
            "INSERT INTO product (id, sku, handle, position, options, active, tax_rate_bp, grams, stock_on_hand,"
            " updated_at) VALUES (%s, %s, 'bol', 1, '{}', true, 2000, 100, 10, now())",
            (product_id, product_id),
        )
        connection.execute(
            "INSERT INTO product_price (product_id, currency, amount_minor) VALUES (%s, 'EUR', 2490)", (product_id,)
        )
    return product_id


def _buy(stack: Stack, supervisor: Supervisor, plan: Plan, product_id: str) -> str:
    with httpx.Client(base_url=stack.shop_url, trust_env=False, timeout=20, headers=_origin(stack)) as browser:
        _insist(supervisor, lambda: browser.get("/api/auth/me"), {200})
        body = {
            "items": [{"productId": product_id, "quantity": 1}],
            "email": "anna@example.com",
            "address": {
                "name": "Anna Martin",
                "line1": "1 rue Haute",
                "postalCode": "69001",
                "city": "Lyon",
                "country": "FR",
            },
        }
        key = {"Idempotency-Key": secrets.token_hex(8)}
        checkout = _insist(
            supervisor, lambda: browser.post("/api/stripe/checkout", json=body, headers=key), {200, 201}
        ).json()["data"]
        order_id = str(checkout["orderId"])
        if plan.cancels:
            cancel_key = {"Idempotency-Key": secrets.token_hex(8)}
            _insist(
                supervisor,
                lambda: browser.post(f"/api/orders/{order_id}/cancel", json={}, headers=cancel_key),
                {200, 201},
            )
            return order_id
        _pay(str(checkout["url"]))
        back = f"/checkout/success?session_id={checkout['sessionId']}"
        if plan.refunds:
            _insist(supervisor, lambda: _paid_order(browser, back, order_id), {200})
            refund_key = {"Idempotency-Key": secrets.token_hex(8)}
            wish = {"orderId": order_id, "reason": "requested_by_customer"}
            _insist(supervisor, lambda: browser.post("/api/stripe/refunds", json=wish, headers=refund_key), {201})
        elif plan.points[0].startswith("settle.") and plan.process == "web":
            _insist(supervisor, lambda: browser.get(back), {200})
    return order_id


def _paid_order(browser: httpx.Client, back: str, order_id: str) -> httpx.Response:
    """The order once it is paid; before that, an answer that is worth another try."""
    browser.get(back)
    order = browser.get(f"/api/orders/{order_id}")
    is_paid = order.status_code == 200 and order.json()["data"]["status"] == "PAID"
    return order if is_paid else httpx.Response(409)


def _origin(stack: Stack) -> dict[str, str]:
    return {"Origin": stack.shop_url}


def _pay(url: str) -> None:
    form = {"number": "4242424242424242", "expiry": "12 / 34", "cvc": "123", "name": "Anna Martin"}
    paid = httpx.post(url, data=form, trust_env=False, timeout=30)
    assert paid.status_code == 303, f"the hosted page answered {paid.status_code}"


def _insist(supervisor: Supervisor, call: Callable[[], httpx.Response], wanted: set[int]) -> httpx.Response:
    """Repeat as a patient client would: no answer, 409 in flight, 429 and 503 are worth another try."""
    deadline = time.monotonic() + WAIT_S
    answer: httpx.Response | None = None
    while time.monotonic() < deadline:
        supervisor.look()
        try:
            answer = call()
        except httpx.TransportError:
            time.sleep(0.05)
            continue
        if answer.status_code in wanted:
            return answer
        if answer.status_code not in {409, 429, 503}:
            break
        time.sleep(0.3)
    raise AssertionError(f"no good answer: {answer.status_code if answer else None} {answer.text if answer else ''}")


def _wait_for_end(supervisor: Supervisor, database_url: str, order_id: str, plan: Plan) -> str:
    """Wait until the order rests and nothing is in flight; the order's state."""
    deadline = time.monotonic() + WAIT_S
    state = "?"
    with psycopg.connect(database_url, autocommit=True) as connection:
        while time.monotonic() < deadline:
            supervisor.look()
            state = str(_one(connection, "SELECT state FROM orders WHERE id = %s", order_id))
            waiting = _one(
                connection,
                "SELECT (SELECT count(*) FROM inbox_event WHERE state IN ('RECEIVED', 'RETRYING'))"
                " + (SELECT count(*) FROM operation WHERE outcome IN ('started', 'unknown'))",
            )
            is_due = supervisor.reached >= len(plan.points) or time.monotonic() > deadline - WAIT_S + 30
            ends = {"REFUNDED"} if plan.refunds else {"PAID", "CANCELLED"}
            if state in ends and waiting == 0 and is_due:
                return state
            time.sleep(0.1)
    return state


def _one(connection: psycopg.Connection, text: LiteralString, *values: object) -> Any:
    row = connection.execute(text, values).fetchone()
    assert row is not None
    return row[0]


def _violations(stack: Stack, order_id: str, product_id: str, state: str, plan: Plan) -> list[str]:
    """Every promise that was broken, by name."""
    checks: tuple[tuple[str, LiteralString, object], ...] = (
        ("one settling payment", "SELECT count(*) FROM payment WHERE order_id = %s AND settles", int(not plan.cancels)),
        (
            "one ledger entry a movement",
            "SELECT count(*) FROM ledger_entry WHERE order_id = %s",
            int(not plan.cancels) + int(plan.refunds),
        ),
        ("one refund", "SELECT count(*) FROM refund WHERE order_id = %s AND state = 'SUCCEEDED'", int(plan.refunds)),
        (
            "refunded is what was captured",
            "SELECT coalesce(sum(refunded_minor), 0)::int FROM payment WHERE order_id = %s",
            2980 * int(plan.refunds),
        ),
        (
            "the ledger sums to zero",
            """
            SELECT coalesce(sum(amount_minor), 0) FROM ledger_posting JOIN ledger_entry ON entry_id = id
            WHERE order_id = %s
            """,
            0,
        ),
        (
            "one confirmation",
            "SELECT count(*) FROM email_message WHERE order_id = %s AND kind = 'order_confirmation'",
            int(not plan.cancels),
        ),
        (
            "history tells the end once",
            "SELECT count(*) FROM order_history WHERE order_id = %s AND to_state IN ('PAID', 'CANCELLED')",
            1,
        ),
        ("no money exception", "SELECT count(*) FROM money_exception WHERE order_id = %s", 0),
        ("one order", "SELECT count(*) FROM orders WHERE %s <> ''", 1),
        ("no dead event", "SELECT count(*) FROM inbox_event WHERE state = 'DEAD' AND %s <> ''", 0),
    )
    found: list[str] = []
    wanted = "CANCELLED" if plan.cancels else "REFUNDED" if plan.refunds else "PAID"
    if state != wanted:
        found.append(f"the order ends {wanted}, not {state}")
    with psycopg.connect(stack.database_url, autocommit=True) as connection:
        for promise, text, expected in checks:
            actual = _one(connection, text, order_id)
            if actual != expected:
                found.append(f"{promise}: {actual} instead of {expected}")
        row = connection.execute(
            "SELECT stock_on_hand, stock_reserved FROM product WHERE id = %s", (product_id,)
        ).fetchone()
        expected_stock = (10, 0) if plan.cancels else (9, 0)
        if row != expected_stock:
            found.append(f"stock is {row} instead of {expected_stock}")
    return found + _violations_at_stripe(stack, order_id, plan)


def _violations_at_stripe(stack: Stack, order_id: str, plan: Plan) -> list[str]:
    headers = {"Authorization": f"Bearer {stack.stripe_key}"}
    with httpx.Client(base_url=stack.sandbox_url, headers=headers, trust_env=False, timeout=20) as stripe:
        sessions = stripe.get("/v1/checkout/sessions?limit=100").json()["data"]
        customers = stripe.get("/v1/customers?limit=100").json()["data"]
        charges = stripe.get("/v1/charges?limit=100").json()["data"]
        refunds = stripe.get("/v1/refunds?limit=100").json()["data"]
    mine = [session for session in sessions if session["metadata"].get("order") == order_id]
    found: list[str] = []
    if len(mine) != 1:
        found.append(f"{len(mine)} sessions at Stripe instead of 1")
    if len(customers) != 1:
        found.append(f"{len(customers)} customers at Stripe instead of 1")
    if len(refunds) != int(plan.refunds):
        found.append(f"{len(refunds)} refunds at Stripe instead of {int(plan.refunds)}")
    captured = [charge for charge in charges if charge["captured"]]
    if len(captured) != int(not plan.cancels):
        found.append(f"{len(captured)} captured charges at Stripe")
    if plan.cancels and any(session["status"] == "open" for session in mine):
        found.append("an open session of a cancelled order")
    return found
