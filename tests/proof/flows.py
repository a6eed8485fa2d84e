"""The money flows that are ended at every point: a script of steps each, and how each must end.

A new flow is one entry here: steps that go before, steps that are ended at every exchange, and the end.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from money_probe import SEPA_OK, arm, cancel_here_alone, pay_by_debit
from proof.world import Act, World
from refund_kit import FAILING_REFUND, STAFF, VISA, asked, refund_at_stripe
from shop_kit import CONTACT, GUEST
from vivr.errors import Conflict
from vivr.ids import new_order_id
from vivr.orders.model import BasketItem, Strike
from vivr.orders.place_order import OrderRequest
from vivr.payments.capture_payment import CaptureRequest
from vivr.refunds.model import Wish
from vivr.webhooks.replay_event import find_event, replay_event

DECLINED: Final = "4000000000000002"
DISPUTED: Final = "4000000000000259"


@dataclass(frozen=True)
class Step:
    """One step of a flow; it may be repeated until it succeeds.

    Attributes:
        is_ours: a process of the shop does it, and may end in it; otherwise Stripe or the buyer's browser does.
    """

    name: str
    act: Act
    is_ours: bool = True


@dataclass(frozen=True)
class Flow:
    """A story about money.

    Attributes:
        before: happens without any fault.
        steps: are ended at every exchange.
        ends: how the world stands at the end, in the words of ``verdict.standing``.
    """

    name: str
    steps: tuple[Step, ...]
    ends: Mapping[str, Any]
    before: tuple[Step, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict[str, str])


async def _stock(world: World) -> None:
    world.scene.known["product"] = await world.kit.add_product()
    world.scene.known["order"] = new_order_id(world.clock.now())


async def _place(world: World) -> None:
    request = OrderRequest((BasketItem(world.scene.known["product"], 2),), CONTACT, "fr", "http://127.0.0.1:8000")
    await world.kit.shop.place_order(GUEST, world.scene.known["order"], request)


async def _start(world: World) -> None:
    world.scene.known["link"] = await world.kit.shop.start_checkout(GUEST, world.scene.known["order"])


async def _cancel(world: World) -> None:
    await world.kit.shop.cancel_order(GUEST, world.scene.known["order"])


async def _look(world: World) -> None:
    await world.kit.shop.settle_session(GUEST, world.scene.known["link"].session_id)


async def _hear(world: World) -> None:
    await world.hear()
    await world.work("inbox")


async def _replay(world: World) -> None:
    shop = world.kit.shop
    for number in range(world.ask("SELECT count(*) FROM inbox_event WHERE state = 'PROCESSED'")):
        found = world.ask("SELECT id FROM inbox_event ORDER BY id LIMIT 1 OFFSET %s", number)
        event = await find_event(shop.database, await shop.account.scope(), found)
        await replay_event(shop.database, shop.clock, STAFF, event)
    await world.work("inbox")


def paid_with(card: str) -> Step:
    """The buyer fills in the hosted page."""

    async def pay(world: World) -> None:
        response = await world.kit.pay(world.scene.known["link"].url, card)
        assert response.status_code in {200, 303, 402}, response.text

    return Step(f"pay with {card}", pay, is_ours=False)


def debit_of(iban: str) -> Step:
    """The buyer gives a bank account, whose bank takes days."""

    async def pay(world: World) -> None:
        await pay_by_debit(world.kit, world.scene.known["link"].url, iban)

    return Step(f"debit of {iban}", pay, is_ours=False)


async def _refund_at_stripe(world: World) -> None:
    await refund_at_stripe(world.kit, world.scene.known["order"], 1500)


def dispute_answered(words: str) -> Step:
    """Evidence is submitted in Stripe's dashboard; what it says decides at the sandbox, as in Stripe's test mode."""

    async def answer(world: World) -> None:
        dispute = (await world.kit.api("GET", "/v1/disputes?limit=1"))["data"][0]
        data = {"evidence[uncategorized_text]": words, "submit": "true"}
        await world.kit.api("POST", f"/v1/disputes/{dispute['id']}", data)

    return Step(words, answer, is_ours=False)


async def _cancel_behind_our_back(world: World) -> None:
    await cancel_here_alone(world.kit)


async def _withhold(world: World) -> None:
    world.scene.withheld = True


async def _lose_next_refund(world: World) -> None:
    await arm(world.kit, "lose_answer", "POST /v1/refunds")


def capture(strike: int = 0) -> Step:
    """Staff captures; so many units can't be sent. Who is told that it is captured is content."""

    async def take(world: World) -> None:
        units = {world.scene.known["product"]: strike}
        request = CaptureRequest(world.scene.known["order"], Strike(units) if strike else None)
        try:
            await world.kit.shop.capture_payment(STAFF, request)
        except Conflict as error:
            if error.code != "order_already_paid":
                raise

    return Step(f"capture without {strike}", take)


async def _release(world: World) -> None:
    await world.kit.shop.release_order(STAFF, world.scene.known["order"])


async def _give_back(world: World) -> None:
    await world.kit.shop.give_back(STAFF, world.ask("SELECT id FROM money_exception"))


async def _accept(world: World) -> None:
    await world.kit.shop.accept_money(STAFF, world.ask("SELECT id FROM money_exception"))


def later(**by: float) -> Step:
    """Time passes, and what Stripe does by itself happens."""

    async def wait(world: World) -> None:
        world.clock.advance(**by)
        await world.kit.events()

    return Step(f"later {by}", wait, is_ours=False)


def worker(*names: str) -> Step:
    """One turn of some of the worker's steps."""

    async def turn(world: World) -> None:
        await world.work(*names)

    return Step(f"worker {names}", turn)


def refund(amount_minor: int | None = None) -> tuple[Step, Step]:
    """Choose a refund (its id is the client's), and ask for it until it is made."""
    name = f"refund {amount_minor}"

    async def choose(world: World) -> None:
        world.scene.known[name] = asked(world.kit, world.scene.known["order"], Wish(amount_minor=amount_minor))

    async def make(world: World) -> None:
        await world.kit.shop.request_refund(STAFF, world.scene.known[name])

    return Step(f"choose {name}", choose, is_ours=False), Step(name, make)


def outside(act: Act) -> Step:
    """Something that no process of ours does."""
    return Step(act.__name__, act, is_ours=False)


STOCK: Final = outside(_stock)
PLACE: Final = Step("place", _place)
START: Final = Step("start", _start)
PAY: Final = paid_with(VISA)
DEBIT: Final = debit_of(SEPA_OK)
REFUND_AT_STRIPE: Final = outside(_refund_at_stripe)
LOOK: Final = Step("look", _look)
HEAR: Final = Step("hear", _hear)
ORDERED: Final = (STOCK, PLACE, START)
BOUGHT: Final = (*ORDERED, PAY, HEAR)
_LATE: Final = (*ORDERED, outside(_cancel_behind_our_back), PAY)
_MANUAL: Final[Mapping[str, str]] = {"PAYMENT_CAPTURE_METHOD": "manual"}

_PAID: Final[Mapping[str, Any]] = {
    "orders": ["PAID 5470"],
    "payments": ["CAPTURED t 5470 0 0"],
    "stock": ["8 0"],
    "entries": ["capture 1"],
    "mails": ["order_confirmation 1"],
    "exceptions": [],
}
_CANCELLED: Final[Mapping[str, Any]] = {
    "orders": ["CANCELLED 5470"],
    "stock": ["10 0"],
    "entries": [],
    "exceptions": [],
}
_GIVEN_BACK: Final[Mapping[str, Any]] = {
    "orders": ["CANCELLED 5470"],
    "stock": ["10 0"],
    "exceptions": ["late resolved 5470"],
    "refunds": ["SUCCEEDED 5470"],
}
_BACK_AGAIN: Final[Mapping[str, Any]] = {
    "orders": ["PAID 5470"],
    "refunds": ["FAILED 5470"],
    "payments": ["CAPTURED t 5470 0 0"],
    "entries": ["capture 1", "refund 1", "refund_failure 1"],
}


def _refunded(*amounts: int) -> Mapping[str, Any]:
    total = sum(amounts)
    return {
        "orders": [f"{'REFUNDED' if total == 5470 else 'PAID'} 5470"],
        "payments": [f"CAPTURED t 5470 {total} 0"],
        "refunds": [f"SUCCEEDED {amount}" for amount in amounts],
        "entries": ["capture 1", f"refund {len(amounts)}"],
    }


FLOWS: Final[Mapping[str, Flow]] = {
    flow.name: flow
    for flow in (
        Flow("purchase", (*ORDERED, PAY, LOOK, HEAR), _PAID),
        Flow("full refund", (*refund(), HEAR), _refunded(5470), before=BOUGHT),
        Flow("decline and retry", (*ORDERED, paid_with(DECLINED), HEAR, PAY, HEAR), _PAID),
        Flow("cancel", (Step("cancel", _cancel), HEAR), _CANCELLED, before=ORDERED),
        Flow("expiry", (later(hours=25), worker("deadlines"), HEAR), _CANCELLED, before=ORDERED),
        Flow(
            "late success",
            (DEBIT, HEAR, later(days=6), HEAR),
            _PAID,
            before=ORDERED,
        ),
        Flow(
            "late money",
            (LOOK, HEAR),
            {"orders": ["CANCELLED 5470"], "stock": ["10 0"], "exceptions": ["late open 5470"]},
            before=_LATE,
        ),
        Flow("late money given back", (Step("give back", _give_back), HEAR), _GIVEN_BACK, before=(*_LATE, HEAR)),
        Flow(
            "late money given back by rule",
            (later(hours=25), worker("exceptions"), HEAR),
            _GIVEN_BACK,
            before=(*_LATE, HEAR),
        ),
        Flow(
            "late money accepted",
            (Step("accept", _accept), HEAR),
            {"orders": ["CANCELLED 5470", "PAID 5470"], "stock": ["8 0"], "exceptions": ["late resolved 5470"]},
            before=(*_LATE, HEAR),
        ),
        Flow("capture", (capture(), HEAR), _PAID, before=BOUGHT, settings=_MANUAL),
        Flow(
            "partial capture",
            (capture(1), HEAR),
            {"orders": ["PAID 2980"], "payments": ["CAPTURED t 2980 0 0"], "stock": ["9 0"], "entries": ["capture 1"]},
            before=BOUGHT,
            settings=_MANUAL,
        ),
        Flow("release", (Step("release", _release), HEAR), _CANCELLED, before=BOUGHT, settings=_MANUAL),
        Flow("partial refund", (*refund(1980), HEAR), _refunded(1980), before=BOUGHT),
        Flow(
            "concurrent refunds",
            (*refund(1981), worker("operations"), HEAR),
            _refunded(1980, 1981),
            before=(*BOUGHT, outside(_lose_next_refund), *refund(1980)),
        ),
        Flow(
            "refund failing later",
            (*refund(), HEAR, later(days=40), HEAR),
            _BACK_AGAIN,
            before=(*ORDERED, paid_with(FAILING_REFUND), HEAR),
        ),
        Flow("dashboard refund", (REFUND_AT_STRIPE, HEAR), _refunded(1500), before=BOUGHT),
        Flow(
            "dispute won",
            (HEAR, dispute_answered("winning_evidence"), later(days=1), HEAR),
            {"orders": ["PAID 5470"], "disputes": ["won 5470 t t"]},
            before=(*ORDERED, paid_with(DISPUTED)),
        ),
        Flow(
            "dispute lost",
            (HEAR, dispute_answered("losing_evidence"), later(days=1), HEAR),
            {"orders": ["REFUNDED 5470"], "disputes": ["lost 5470 t f 0"]},
            before=(*ORDERED, paid_with(DISPUTED)),
        ),
        Flow(
            "gap fill",
            (worker("gaps"), worker("inbox")),
            _PAID,
            before=(outside(_withhold), worker("gaps"), *ORDERED, PAY, later(minutes=6)),
        ),
        Flow("replay", (Step("replay", _replay),), _PAID, before=BOUGHT),
    )
}
PAIRED: Final = ("purchase", "full refund")
"""Flows in which a second process ends during the recovery from the first one."""
