"""The sandbox's own page: an account's payments, events, calls and faults, its clock, and the bank's buttons."""

from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from stripe_sandbox import faults
from stripe_sandbox.flows.payouts import available_entries
from stripe_sandbox.keys import secret_key
from stripe_sandbox.money import show_amount
from stripe_sandbox.pages import overview_rows as rows
from stripe_sandbox.pages.overview_presses import press
from stripe_sandbox.pages.payment import not_found
from stripe_sandbox.pages.rendering import render
from stripe_sandbox.sandbox import Sandbox
from stripe_sandbox.scenarios.refusal import Refused
from stripe_sandbox.scenarios.steps import list_steps
from stripe_sandbox.state.store import Account
from stripe_sandbox.state.work import Work, open_work
from stripe_sandbox.timers import run_due
from stripe_sandbox.wire.errors import StripeError
from stripe_sandbox.wire.forms import decode_fields

ROWS_MAX = 25
ACCOUNTS_MAX = 20
NOTICES_MAX = 100
SEE_OTHER = 303
VIEWS = {"payments": "Payments", "payouts": "Payouts", "events": "Events", "requests": "Requests", "chaos": "Chaos"}


@dataclass
class Overview:
    """The page, and what it has to say to each account when it is shown next."""

    sandbox: Sandbox
    notices: dict[str, tuple[str, bool]] = field(default_factory=dict[str, tuple[str, bool]])

    async def show(self, request: Request) -> Response:
        """GET /: the account named by `?account=`, else the choice of one."""
        wanted = request.query_params.get("account")
        account = None if wanted is None else self.sandbox.store.find_account(wanted)
        if account is None:
            return not_found() if wanted is not None else self._choice()
        run_due(self.sandbox.store, account)
        self.sandbox.courier.wake()
        view = request.query_params.get("view", "")
        return _render(self._values(account, view if view in VIEWS else "payments"))

    def _choice(self, problem: str = "", status: int = 200) -> Response:
        accounts = self.sandbox.store.list_accounts()
        shown = [account.id for account in accounts[-1 : -1 - ACCOUNTS_MAX : -1]]
        return _render({"account": None, "accounts": shown, "problem": problem}, status)

    def _values(self, account: Account, view: str) -> dict[str, Any]:
        now = account.time.at(self.sandbox.store.clock.now())
        text, failed = self.notices.pop(account.id, ("", False))
        with open_work(self.sandbox.store, account) as work:
            armed = work.select(faults.KIND, order="ASC")
            return {
                "account": account.id,
                "view": view,
                "views": VIEWS,
                "time": rows.shown_time(now),
                "speed": account.time.speed,
                "notice": {"text": text, "failed": failed} if text else None,
                "armed": len(armed),
                "kinds": faults.KINDS,
                "reasons": faults.RATE_LIMIT_REASONS,
                "sections": self._sections(work, view),
                "money": _available(work) if view == "payouts" else "",
            }

    def _sections(self, work: Work, view: str) -> list[tuple[str, list[rows.Row]]]:
        match view:
            case "payments":
                sessions = [rows.session_row(doc) for doc in work.select("checkout.session", limit=ROWS_MAX)]
                payments = [rows.payment_row(work, doc) for doc in work.select("payment_intent", limit=ROWS_MAX)]
                return [("Payments", payments), ("Checkout Sessions", sessions)]
            case "payouts":
                return [("Payouts", [rows.payout_row(doc) for doc in work.select("payout", limit=ROWS_MAX)])]
            case "events":
                events = [rows.event_row(work, doc) for doc in work.select("event", limit=ROWS_MAX)]
                return [("Events and deliveries", events)]
            case "requests":
                calls = self.sandbox.api.log.newest(work.account.id, 4 * ROWS_MAX)
                return [("Calls since this sandbox was started", [rows.call_row(call) for call in calls])]
            case _:
                armed = [rows.fault_row(doc) for doc in work.select(faults.KIND, order="ASC")]
                steps = [rows.step_row(doc) for doc in list_steps(work)]
                return [("Armed faults", armed), ("Steps of scenarios", steps)]

    async def submit(self, request: Request) -> Response:
        """POST /: a button or a form of the page; leads back to it. Pressed by another site it is refused."""
        if not is_own_page(request):
            return _render({"account": None, "accounts": [], "problem": "Only this page's own buttons work."}, 403)
        fields = decode_fields(await request.body())
        if fields.get("do") == "choose":
            try:
                account = self.sandbox.gate.enter(secret_key({}, fields.get("key", "").strip()))
            except StripeError as error:
                return self._choice(str(error), 422)
            return RedirectResponse(f"/?account={account.id}", SEE_OTHER)
        account = self.sandbox.store.find_account(fields.get("account", ""))
        if account is None:
            return not_found()
        run_due(self.sandbox.store, account)
        try:
            notice = (press(self.sandbox, account, fields), False)
        except (Refused, StripeError) as error:
            notice = (str(error), True)
        if len(self.notices) >= NOTICES_MAX:
            self.notices.clear()
        self.notices[account.id] = notice
        self.sandbox.courier.wake()
        view = fields.get("view", "")
        return RedirectResponse(f"/?account={account.id}&view={view if view in VIEWS else 'payments'}", SEE_OTHER)


def is_own_page(request: Request) -> bool:
    """Says whether a form was sent by a page of this sandbox; a browser names the sender, and cannot be made to lie."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("origin")
    return origin is not None and origin == f"{request.url.scheme}://{request.headers.get('host', '')}"


def _available(work: Work) -> str:
    totals: dict[str, int] = {}
    for entry in available_entries(work):
        totals[entry["currency"]] = totals.get(entry["currency"], 0) + entry["net"]
    return ", ".join(show_amount(total, currency, "en") for currency, total in sorted(totals.items()))


def _render(values: dict[str, Any], status: int = 200) -> Response:
    response = render("overview.html", values, status=status)
    # With no-referrer a browser would not name the sender of the forms either.
    response.headers["Referrer-Policy"] = "same-origin"
    return response
