"""`vivr webhooks`: what Stripe sent, why each event did what it did, and staff's word on it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from vivr.cli.environment import command_settings, with_database
from vivr.cli.language import say
from vivr.cli.printing import console, fail, make_table

if TYPE_CHECKING:
    from vivr.bootstrap import Shop
    from vivr.caller import Caller
    from vivr.webhooks.model import InboxEvent
    from vivr.webhooks.subscribe_endpoint import Subscription

T = TypeVar("T")

app = typer.Typer(no_args_is_help=True)

EventId = Annotated[str, typer.Argument(metavar="EVENT", help=say("The event's id, evt_…"))]


@app.command("list", help=say("The newest events of the inbox, with what each came to."))
def list_events(
    state: Annotated[str | None, typer.Option(help=say("RECEIVED, RETRYING, PROCESSED, IGNORED or DEAD."))] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help=say("So many at most."))] = 20,
) -> None:
    """List events."""
    from vivr.webhooks.model import EventState  # noqa: PLC0415 - see vivr.cli.main
    from vivr.webhooks.read_inbox import InboxPage, newest_events  # noqa: PLC0415

    if state is not None and state not in set(EventState):
        fail(say("{state} is no state: choose {states}.", state=state, states=", ".join(EventState)))
        raise typer.Exit(2)

    async def read(shop: "Shop", _: "Caller") -> "list[InboxEvent]":
        async with shop.database.transaction("list_events") as tx:
            return await newest_events(tx, InboxPage(EventState(state) if state else None, None, None, limit))

    table = make_table(say("The inbox"), say("received"), say("event"), say("type"), say("state"), say("reason"))
    for event in _run(read):
        at = event.received_at.isoformat(timespec="seconds")
        table.add_row(at, event.id, event.type, event.state, event.reason or "")
    console().print(table)


@app.command("show", help=say("One event: its deliveries, tries, and why it did what it did."))
def show(event_id: EventId) -> None:
    """Show one event."""

    async def read(shop: "Shop", _: "Caller") -> "InboxEvent":
        return await _find(shop, event_id)

    event = _run(read)
    table = make_table(event.id, say("what"), say("value"))
    for name in ("type", "state", "reason", "object_id", "order_id", "payment_id", "deliveries", "tries"):
        table.add_row(name, str(getattr(event, name) or ""))
    table.add_row("api_version", f"{event.api_version or ''}{' (version_drift)' if event.version_drift else ''}")
    for name in ("received_at", "next_try_at", "ended_at", "request_id"):
        table.add_row(name, str(getattr(event, name) or ""))
    console().print(table)


@app.command("replay", help=say("Process an event again; what counts is read from Stripe, so this is always safe."))
def replay(
    event_id: EventId,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=say("Only say what it would do."))] = False,
) -> None:
    """Replay one event."""
    from vivr.webhooks.replay_event import preview_event, replay_event  # noqa: PLC0415 - see vivr.cli.main

    async def act(shop: "Shop", caller: "Caller") -> str:
        event = await _find(shop, event_id)
        if not dry_run:
            await replay_event(shop.database, shop.clock, caller, event)
            return say("The worker processes it next.")
        seen = await preview_event(shop.database, shop.stripe, shop.clock, caller, shop.settings.shop_id, event)
        said = f"{seen.handled.state}: {seen.handled.reason}"
        if seen.handled.order_id is None:
            return said
        return f"{said}\n{seen.handled.order_id}: {seen.order_before} → {seen.order_after}"

    console().print(_run(act), markup=False)


@app.command("replay-dead", help=say("Process all dead events again."))
def replay_all_dead() -> None:
    """Replay what is dead."""
    from vivr.webhooks.replay_event import replay_dead  # noqa: PLC0415 - see vivr.cli.main

    async def act(shop: "Shop", caller: "Caller") -> int:
        return await replay_dead(shop.database, shop.clock, caller)

    console().print(say("{count} dead events wait for the worker again.", count=_run(act)))


@app.command("ignore", help=say("End a waiting or dead event without processing it."))
def ignore(
    event_id: EventId, reason: Annotated[str, typer.Option(help=say("Why, in one sentence; it is kept."))]
) -> None:
    """Ignore one event."""
    from vivr.webhooks.replay_event import ignore_event  # noqa: PLC0415 - see vivr.cli.main

    async def act(shop: "Shop", caller: "Caller") -> None:
        await ignore_event(shop.database, shop.clock, caller, await _find(shop, event_id), reason)

    _run(act)
    console().print(say("It is ignored."))


@app.command("subscribe", help=say("Let the endpoint at Stripe ask for exactly the events that this shop handles."))
def subscribe(
    *, dry_run: Annotated[bool, typer.Option("--dry-run", help=say("Only say what it would do."))] = False
) -> None:
    """Set the events of every endpoint at our address."""
    from vivr.stripe_gateway.answers import StripeMisconfigured  # noqa: PLC0415 - see vivr.cli.main
    from vivr.webhooks.model import DOOR  # noqa: PLC0415
    from vivr.webhooks.subscribe_endpoint import find_subscriptions, subscribe_endpoint  # noqa: PLC0415

    async def act(shop: "Shop", caller: "Caller") -> "list[Subscription]":
        found = await find_subscriptions(shop.stripe, shop.settings.app_url + DOOR)
        scope = await shop.account.scope()
        for one in found:
            if not dry_run and not one.fits:
                await subscribe_endpoint(
                    shop.database, shop.stripe, shop.clock, shop.seals, caller, scope, one.endpoint_id
                )
        return found

    try:
        found = _run(act)
    except StripeMisconfigured as error:
        fail(say("Stripe refuses the key ({reason}).", reason=error.reason))
        raise typer.Exit(1) from None
    if not found:
        fail(say("Stripe has no endpoint at the shop's address: make one in the dashboard first."))
        raise typer.Exit(1)
    for one in found:
        changes = [f"+ {name}" for name in one.missing] + [f"- {name}" for name in one.surplus]
        said = say("nothing to change") if one.fits else "\n".join(changes)
        console().print(f"{one.endpoint_id}: {said}" if one.fits else f"{one.endpoint_id}:\n{said}", markup=False)


async def _find(shop: "Shop", event_id: str) -> "InboxEvent":
    from vivr.webhooks.replay_event import find_event  # noqa: PLC0415 - see vivr.cli.main

    return await find_event(shop.database, await shop.account.scope(), event_id)


def _run(act: "Callable[[Shop, Caller], Awaitable[T]]") -> T:
    """Do something with a shop's live objects; what is refused is said in a sentence, with exit code 1."""
    from vivr.bootstrap import open_shop  # noqa: PLC0415 - see vivr.cli.main
    from vivr.caller import system_caller  # noqa: PLC0415
    from vivr.errors import Conflict, NotFound, Refusal  # noqa: PLC0415
    from vivr.ids import new_request_id  # noqa: PLC0415
    from vivr.logs import silence_logs  # noqa: PLC0415

    silence_logs()
    refusals = {
        "event_not_found": say("The inbox holds no such event."),
        "event_not_handled": say("Nothing in this shop follows from events of this type."),
        "event_in_progress": say("A worker has this event at this moment: try again."),
        "event_already_ended": say("This event has ended already."),
        "operation_in_progress": say("An earlier change may still arrive at Stripe: let the worker end it first."),
        "endpoint_refused": say("Stripe refused the change; /admin/operations has its words."),
    }

    async def opened() -> T:
        async with open_shop(settings) as shop:
            return await act(shop, system_caller("cli", new_request_id(shop.clock.now())))

    with with_database(command_settings()) as settings:
        try:
            return asyncio.run(opened())
        except (Conflict, NotFound, Refusal) as error:
            fail(refusals.get(error.code, error.code))
            raise typer.Exit(1) from None
