"""Tax rates: a percentage that is part of the price or comes on top; it never changes."""

from typing import Any

from stripe_sandbox.call import Call
from stripe_sandbox.events import emit
from stripe_sandbox.state.work import Doc, Work, public
from stripe_sandbox.wire.errors import invalid, missing_object
from stripe_sandbox.wire.lists import Conditions, list_objects
from stripe_sandbox.wire.metadata import merge_metadata

_CHANGEABLE = ("active", "country", "description", "display_name", "jurisdiction", "state", "tax_type")


def create_tax_rate(call: Call) -> Doc:
    """POST /v1/tax_rates."""
    wish, work = call.params, call.work
    rate = work.insert(
        {
            "id": work.mint("txr"),
            "object": "tax_rate",
            "active": wish.get("active", True),
            "country": wish.get("country"),
            "created": work.now,
            "description": wish.get("description"),
            "display_name": wish["display_name"],
            "effective_percentage": wish["percentage"],
            "flat_amount": None,
            "inclusive": wish["inclusive"],
            "jurisdiction": wish.get("jurisdiction"),
            "jurisdiction_level": None,
            "livemode": False,
            "metadata": merge_metadata({}, wish.get("metadata")),
            "percentage": wish["percentage"],
            "rate_type": "percentage",
            "state": wish.get("state"),
            "tax_type": wish.get("tax_type"),
        }
    )
    emit(work, "tax_rate.created", rate)
    return public(rate)


def usable_tax_rates(work: Work, rate_ids: list[str], path: str) -> list[str]:
    """The ids of tax rates that something new may name."""
    for index, rate_id in enumerate(rate_ids):
        found = work.find("tax_rate", rate_id)
        if found is None:
            raise missing_object("tax rate", rate_id, param=f"{path}[{index}]", status=400)
        if not found["active"]:
            raise invalid(f"The tax rate {rate_id} is inactive.", param=f"{path}[{index}]")
    return rate_ids


def _in_path(call: Call) -> Doc:
    found = call.work.find("tax_rate", call.path["id"])
    if found is None:
        raise missing_object("tax rate", call.path["id"], param="tax_rate")
    return found


def retrieve_tax_rate(call: Call) -> Doc:
    """GET /v1/tax_rates/{id}."""
    return public(_in_path(call))


def update_tax_rate(call: Call) -> Doc:
    """POST /v1/tax_rates/{id}: everything but the percentage and whether it is inclusive."""
    rate = _in_path(call)
    changes: dict[str, Any] = {name: call.params[name] for name in _CHANGEABLE if name in call.params}
    changes["metadata"] = merge_metadata(rate["metadata"], call.params.get("metadata"))
    previous: Doc = {name: rate[name] for name, value in changes.items() if rate[name] != value}
    rate.update(changes)
    call.work.save(rate)
    if previous:
        emit(call.work, "tax_rate.updated", rate, previous)
    return public(rate)


def list_tax_rates(call: Call) -> Doc:
    """GET /v1/tax_rates, by active, inclusive and created."""
    conditions = Conditions()
    for name in ("active", "inclusive"):
        conditions.equal(name, call.params.get(name))
    conditions.created(call.params.get("created"))
    return list_objects(call.work, "tax_rate", "/v1/tax_rates", call.params, noun="tax rate", conditions=conditions)
