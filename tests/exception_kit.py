"""What tests of money exceptions share: money of every kind that does not fit, and how its exception stands."""

from typing import Any, Final, cast

from money_probe import cancel_here_alone, deliver_about, named_intent, open_checkout, pay_intent, rows, run
from refund_kit import VISA
from shop_kit import GUEST, Kit
from vivr.caller import Caller
from vivr.ids import ProductId, RequestId
from vivr.money_exceptions.model import MoneyException
from vivr.orders.model import Order

SUPPORT: Final = Caller("staff:per_lou", "support", RequestId("req_support"))
VIEWER: Final = Caller("staff:per_vic", "viewer", RequestId("req_viewer"))


async def the_exception(kit: Kit) -> MoneyException:
    """The one exception there is, as it stands."""
    assert await kit.count("SELECT count(*) FROM money_exception") == 1
    return cast("MoneyException", await kit.one(MoneyException, "SELECT * FROM money_exception"))


async def late_money(kit: Kit, *, stock: int = 10, card: str = VISA) -> tuple[Order, ProductId]:
    """An order that was cancelled, and then paid: its whole sum is held."""
    order, link, product = await open_checkout(kit, stock=stock)
    await cancel_here_alone(kit)
    await kit.pay(link.url, card)
    await kit.deliver_all()
    return await kit.order(order.id), product


async def doubled_money(kit: Kit) -> tuple[Order, ProductId]:
    """An order that was paid by two sessions: the second sum is held."""
    order, old_link, product = await open_checkout(kit)
    await run(kit, "UPDATE payment SET state = 'CANCELLED' WHERE order_id = %(id)s", id=order.id)
    new_link = await kit.shop.start_checkout(GUEST, order.id)
    for link in (old_link, new_link):
        await kit.pay(link.url)
    for link in (new_link, old_link):
        await kit.shop.settle_session(GUEST, link.session_id)
    await kit.deliver_all()
    return await kit.order(order.id), product


async def pay_beside(kit: Kit, order: Order, **change: str) -> str:
    """Pay by a PaymentIntent that names the order's payment, but is not its checkout's; its id."""
    fields = {**await named_intent(kit, order.id), **change}
    intent = await pay_intent(kit, fields)
    await deliver_about(kit, intent["id"])
    return cast("str", intent["id"])


async def held_money(kit: Kit, *, beside: bool) -> MoneyException:
    """An order's whole sum that is held: it came beside the order's checkout, or by it and too late."""
    if beside:
        order, _, _ = await open_checkout(kit)
        await pay_beside(kit, order)
    else:
        await late_money(kit)
    return await the_exception(kit)


async def unknown_money(kit: Kit) -> str:
    """Money that names this shop, but no payment that it knows; its PaymentIntent."""
    order, _, _ = await open_checkout(kit)
    fields = {**await named_intent(kit, order.id), "metadata[payment]": "pay_nobody"}
    intent = await pay_intent(kit, fields)
    await deliver_about(kit, intent["id"])
    return cast("str", intent["id"])


async def refunds_at_stripe(kit: Kit, intent_id: str) -> list[dict[str, Any]]:
    """What Stripe gave back of a PaymentIntent."""
    listed = await kit.api("GET", f"/v1/refunds?limit=100&payment_intent={intent_id}")
    return cast("list[dict[str, Any]]", listed["data"])


async def deliver_refunds(kit: Kit, intent_id: str) -> None:
    """Let the shop hear of everything that Stripe says about the refunds of a PaymentIntent."""
    for event in await kit.events("refund.created", "refund.updated", "refund.failed", "charge.refunded"):
        if event["data"]["object"]["payment_intent"] == intent_id:
            assert await kit.deliver(event) == 200
    await kit.process()


async def held_in_ledger(kit: Kit) -> int:
    """What the ledger holds for customers, in all."""
    found = await rows(
        kit,
        """
        SELECT coalesce(-sum(amount_minor), 0)::int AS held FROM ledger_posting
        WHERE ledger_account = 'held_for_customers'
        """,
    )
    return cast("int", found[0]["held"])


async def acts(kit: Kit) -> list[tuple[str, str]]:
    """What was done to exceptions, and by whom."""
    found = await rows(kit, "SELECT action, actor FROM audit_row WHERE object_type = 'money_exception' ORDER BY id")
    return [(row["action"].removeprefix("money_exception."), row["actor"]) for row in found]


async def wait_a_day(kit: Kit) -> None:
    """As if a day had passed since the exceptions were recorded."""
    await run(kit, "UPDATE money_exception SET created_at = created_at - interval '1 day', rule_at = NULL")


async def kinds_of_mail(kit: Kit) -> list[str]:
    """The kinds of all mails, in order."""
    return [row["kind"] for row in await rows(kit, "SELECT kind FROM email_message ORDER BY id")]
