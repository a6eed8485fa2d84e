"""The races about money: who runs beside whom, from where, and how it may end."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from capture_kit import whole, without
from dispute_kit import bank, charge_of
from proof.flows import BOUGHT, LOOK, ORDERED, PAY, PLACE, STOCK, Step, outside
from proof.knife import Exchange, Kind
from proof.world import LEASE_S, World
from races import controls
from races.controls import Control
from races.stepping import Process
from refund_kit import OTHER_STAFF, STAFF, VISA, asked
from shop_kit import CONTACT, GUEST, WORKER, Kit
from vivr.checkout.expire_orders import expire_orders
from vivr.idempotency.model import Answer
from vivr.ids import OrderId, ProductId, new_order_id
from vivr.orders.model import BasketItem, Order
from vivr.orders.place_order import OrderRequest
from vivr.recovery import recover_operations
from vivr.refunds.model import Wish
from vivr.web.idempotency import run_idempotently
from vivr.webhooks.events import SUBSCRIBED

Actor = Callable[[World, Process], Awaitable[object]]
Ends = Mapping[str, Any]


@dataclass(frozen=True)
class Race:
    """Some processes that do something at the same time.

    Attributes:
        before: happens before, in one process.
        actors: what each process does.
        ends: what the processes may be told (done, or the code of a refusal), and how the world then stands at the
            end, in the words of ``verdict.standing``.
        control: breaks the shop so that the race goes wrong; None: it is a variant of another race.
    """

    name: str
    before: tuple[Step, ...]
    actors: tuple[Actor, ...]
    ends: Mapping[str, Ends]
    settings: Mapping[str, str] = field(default_factory=dict[str, str])
    control: Control | None = controls.NO_LOCKS


def _kit(process: Process) -> Kit:
    assert process.kit is not None
    return process.kit


def _order(world: World) -> OrderId:
    return world.scene.known["order"]


async def _stock_one(world: World) -> None:
    world.scene.known["product"] = await world.kit.add_product(stock=1)
    world.scene.known["order"] = new_order_id(world.clock.now())


async def _remember_events(world: World) -> None:
    world.scene.known["events"] = await world.kit.events(*SUBSCRIBED)


async def _make_overdue(world: World) -> None:
    world.clock.advance(minutes=61)


async def _hear(world: World, process: Process) -> None:
    """Stripe delivers what it has told so far, and the worker processes it."""
    for event in world.scene.known["events"]:
        assert await _kit(process).deliver(event) == 200
    await _kit(process).process()


async def _look(world: World, process: Process) -> None:
    """The buyer comes back to the return page."""
    await _kit(process).shop.settle_session(GUEST, world.scene.known["link"].session_id)


async def _expire(_: World, process: Process) -> None:
    """The worker ends what is overdue."""
    shop = _kit(process).shop
    await expire_orders(shop.database, shop.stripe, shop.clock, shop.seals, WORKER)


async def _cancel(world: World, process: Process) -> None:
    """The buyer cancels."""
    await _kit(process).shop.cancel_order(GUEST, _order(world))


async def _start(world: World, process: Process) -> None:
    """The buyer presses Buy."""
    await _kit(process).shop.start_checkout(GUEST, _order(world))


async def _recover(world: World, process: Process) -> None:
    """A minute passes, and the worker finishes what its owner is late with."""
    await process.hold(Exchange(Kind.CALL, "a minute passes"))
    world.clock.advance(seconds=LEASE_S)
    shop = _kit(process).shop
    await recover_operations(shop.database, shop.stripe, shop.clock, shop.seals, WORKER)


async def _pay(world: World, process: Process) -> None:
    """The buyer pays on the hosted page, and comes back."""
    await process.hold(Exchange(Kind.CALL, "the buyer pays"))
    await world.kit.pay(world.scene.known["link"].url, VISA)
    await _look(world, process)


def _refund(amount_minor: int, *, by_other: bool) -> Actor:
    async def refund(world: World, process: Process) -> None:
        caller = OTHER_STAFF if by_other else STAFF
        request = asked(_kit(process), _order(world), Wish(amount_minor=amount_minor))
        await _kit(process).shop.request_refund(caller, request)

    return refund


async def _dispute(world: World, process: Process) -> None:
    """The bank disputes the charge, takes the money, and the shop hears of it."""
    charge = await charge_of(world.kit, _order(world))
    await process.hold(Exchange(Kind.CALL, "the bank disputes"))
    await bank(world.kit, charge, "dispute")
    for event in await world.kit.events(*SUBSCRIBED):
        if event["type"].startswith(("charge.dispute.", "refund.")):
            assert await _kit(process).deliver(event) == 200
    await _kit(process).process()


async def _capture(world: World, process: Process) -> None:
    """Staff captures what can be sent: one of two units."""
    request = without(_order(world), {ProductId(world.scene.known["product"]): 1})
    await _kit(process).shop.capture_payment(STAFF, request)


async def _capture_whole(world: World, process: Process) -> None:
    """Staff captures everything."""
    await _kit(process).shop.capture_payment(OTHER_STAFF, whole(_order(world)))


async def _release(world: World, process: Process) -> None:
    """Staff gives the money up."""
    await _kit(process).shop.release_order(OTHER_STAFF, _order(world))


def _wanted(world: World, quantity: int) -> OrderRequest:
    return OrderRequest((BasketItem(world.scene.known["product"], quantity),), CONTACT, "fr", "http://127.0.0.1:8000")


async def _buy(world: World, process: Process) -> None:
    """A buyer wants the last unit."""
    await _kit(process).shop.place_order(GUEST, new_order_id(world.clock.now()), _wanted(world, 1))


async def _order_by_key(world: World, process: Process) -> None:
    """A client sends its order under its key."""
    shop = _kit(process).shop

    async def work(order_id: OrderId) -> Answer:
        order: Order = await shop.place_order(GUEST, order_id, _wanted(world, 2))
        return Answer(201, order.id.encode())

    body = {"product": str(world.scene.known["product"])}
    await run_idempotently(shop, GUEST, "POST /api/orders", "the-same-key", body, work)


_PAID: Final[Ends] = {
    "orders": ["PAID 5470"],
    "payments": ["CAPTURED t 5470 0 0"],
    "stock": ["8 0"],
    "entries": ["capture 1"],
    "mails": ["order_confirmation 1"],
    "exceptions": [],
}
_CANCELLED: Final[Ends] = {"orders": ["CANCELLED 5470"], "stock": ["10 0"], "entries": [], "exceptions": []}
_TOLD: Final = (PAY, outside(_remember_events))
_AUTHORIZED: Final = (*ORDERED, PAY, LOOK)
_MANUAL: Final = {"PAYMENT_CAPTURE_METHOD": "manual"}
_RELEASED: Final[Ends] = {
    "orders": ["CANCELLED 5470"],
    "payments": ["CANCELLED f 0 0 0"],
    "stock": ["10 0"],
    "entries": [],
    "exceptions": [],
}
_TOO_LATE: Final = (
    "payment_not_authorized",
    "operation_already_done",
    "operation_in_progress",
    "order_already_paid",
    "payment_in_progress",
)
_ORDERED_ONCE: Final[Ends] = {"orders": ["PENDING 5470"], "stock": ["10 2"], "reservations": ["HELD 2"]}
_OPEN: Final[Ends] = {
    "orders": ["PENDING 5470"],
    "payments": ["REQUIRES_PAYMENT f 0 0 0"],
    "stock": ["10 2"],
    "at Stripe": ["checkout.session open 5470 x 1", "customer   x 1"],
}
_SOLD_ONCE: Final[Ends] = {"orders": ["PENDING 2980"], "stock": ["1 1"], "reservations": ["HELD 1"]}


def _captured(amount: int, stock: str) -> Ends:
    return {
        "orders": [f"PAID {amount}"],
        "payments": [f"CAPTURED t {amount} 0 0"],
        "stock": [stock],
        "entries": ["capture 1"],
        "exceptions": [],
    }


def _refunded(amount: int) -> Ends:
    return {
        "orders": ["PAID 5470"],
        "payments": [f"CAPTURED t 5470 {amount} 0"],
        "refunds": [f"SUCCEEDED {amount}"],
        "entries": ["capture 1", "refund 1"],
        "exceptions": [],
    }


def _disputed(*refunds: str, entries: tuple[str, ...] = ()) -> Ends:
    return {
        "orders": ["DISPUTED 5470"],
        "payments": ["CAPTURED t 5470 0 0"],
        "disputes": ["needs_response 5470 t f"],
        "refunds": [*refunds],
        "entries": ["capture 1", "dispute 1", *entries],
    }


def _either(first: Ends, second: Ends, refusals: Sequence[str]) -> Mapping[str, Ends]:
    """One of two succeeds, and the other one is refused."""
    return {f"done | {code}": first for code in refusals} | {f"{code} | done": second for code in refusals}


RACES: Final[Mapping[str, Race]] = {
    race.name: race
    for race in (
        Race(
            "webhook x webhook",
            (*ORDERED, *_TOLD),
            (_hear, _hear),
            {"done | done": _PAID},
            control=controls.NO_LEASES,
        ),
        Race("webhook x return page", (*ORDERED, *_TOLD), (_hear, _look), {"done | done": _PAID}),
        Race("webhook x expiry", (*ORDERED, *_TOLD, outside(_make_overdue)), (_hear, _expire), {"done | done": _PAID}),
        Race(
            "refund x refund",
            BOUGHT,
            (_refund(3000, by_other=False), _refund(2500, by_other=True)),
            {"done | refund_over_remaining": _refunded(3000), "refund_over_remaining | done": _refunded(2500)},
        ),
        Race(
            "refund x dispute",
            BOUGHT,
            (_refund(2000, by_other=False), _dispute),
            {
                "done | done": _disputed("FAILED 2000", entries=("refund 1", "refund_failure 1")),
                "refund_refused | done": _disputed("FAILED 2000"),
                "payment_disputed | done": _disputed(),
            },
            control=controls.NO_GUARDED_REFUNDS,
        ),
        Race("cancel x pay", ORDERED, (_cancel, _pay), {"done | done": _CANCELLED, "order_already_paid | done": _PAID}),
        Race(
            "capture x release",
            _AUTHORIZED,
            (_capture, _release),
            _either(_captured(2980, "9 0"), _RELEASED, _TOO_LATE),
            settings=_MANUAL,
        ),
        Race(
            "capture x capture",
            _AUTHORIZED,
            (_capture, _capture_whole),
            _either(_captured(2980, "9 0"), _captured(5470, "8 0"), _TOO_LATE),
            settings=_MANUAL,
        ),
        Race(
            "last unit x two buyers",
            (outside(_stock_one),),
            (_buy, _buy),
            _either(_SOLD_ONCE, _SOLD_ONCE, ("insufficient_stock",)),
            control=controls.LOOKS_FIRST,
        ),
        Race(
            "same key x two requests",
            (STOCK,),
            (_order_by_key, _order_by_key),
            {"done | done": _ORDERED_ONCE, **_either(_ORDERED_ONCE, _ORDERED_ONCE, ("request_in_flight",))},
            control=controls.KEYS_FORGOTTEN,
        ),
        Race(
            "start x start",
            (STOCK, PLACE),
            (_start, _start),
            {"done | done": _OPEN, **_either(_OPEN, _OPEN, ("checkout_being_made",))},
            control=None,
        ),
        Race(
            "start x cancel",
            (STOCK, PLACE),
            (_start, _cancel),
            {
                "done | done": _CANCELLED,
                "order_cancelled | done": _CANCELLED,
                "done | checkout_being_made": _OPEN,
            },
            control=None,
        ),
        Race("start x recovery", (STOCK, PLACE), (_start, _recover), {"done | done": _OPEN}, control=None),
        Race(
            "capture x recovery",
            _AUTHORIZED,
            (_capture, _recover),
            {"done | done": _captured(2980, "9 0")},
            settings=_MANUAL,
            control=None,
        ),
        Race(
            "refund x recovery",
            BOUGHT,
            (_refund(3000, by_other=False), _recover),
            {"done | done": _refunded(3000)},
            control=None,
        ),
        Race(
            "webhook x webhook x return page",
            (*ORDERED, *_TOLD),
            (_hear, _hear, _look),
            {"done | done | done": _PAID},
            control=controls.NO_LEASES,
        ),
    )
}
