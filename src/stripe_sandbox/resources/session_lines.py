"""The lines of a Checkout Session, from clean parameters: each with a price that stays as it was."""

from typing import Any

from stripe_sandbox.call import part
from stripe_sandbox.resources.products import price_doc, product_doc, usable_price, usable_product
from stripe_sandbox.resources.tax_rates import usable_tax_rates
from stripe_sandbox.state.work import Doc, Work, public
from stripe_sandbox.wire.errors import StripeError, invalid, missing_object
from stripe_sandbox.wire.metadata import merge_metadata

ADJUSTED_MOST_DEFAULT = 99


def lines_of(work: Work, session: Doc) -> list[Doc]:
    """The stored lines, in the order of the request that made them."""
    return [work.get("item", line_id) for line_id in session["_lines"]]


def new_lines(work: Work, wishes: list[dict[str, Any]], session_id: str) -> list[Doc]:
    """Stores the lines, all in one currency; what they add up to is reckoned later."""
    lines = [_new_line(work, wish, f"line_items[{index}]", session_id) for index, wish in enumerate(wishes)]
    _check_currencies(lines)
    return lines


def change_lines(work: Work, session: Doc, wishes: list[dict[str, Any]]) -> None:
    """Puts these lines in the place of those of an open session.

    A wish with the id of a line changes it or leaves it as it is, one without makes a new line; a line that no wish
    names is gone.
    """
    before = {line["id"]: line for line in lines_of(work, session)}
    after: list[Doc] = []
    for index, wish in enumerate(wishes):
        path, named = f"line_items[{index}]", wish.get("id")
        if named is None:
            after.append(_new_line(work, wish, path, session["id"]))
        elif named in before:
            after.append(_change_line(work, before.pop(named), wish, path))
        else:
            raise missing_object("line_item", named, param=f"{path}[id]", status=400)
    if not after:
        raise _missing("line_items")
    _check_currencies([*after, session])
    for line in before.values():
        work.delete(line)
    session["_lines"] = [line["id"] for line in after]


def _change_line(work: Work, line: Doc, wish: dict[str, Any], path: str) -> Doc:
    if "price" in wish or "price_data" in wish:
        price = _price_of(work, wish, path)
        line.update(price=public(price), currency=price["currency"])
        line["description"] = work.get("product", price["product"])["name"]
    line["quantity"] = wish.get("quantity", line["quantity"])
    if "adjustable_quantity" in wish:
        line["adjustable_quantity"] = _adjustable({**wish, "quantity": line["quantity"]}, path)
    if "tax_rates" in wish:
        line["_tax_rates"] = usable_tax_rates(work, wish["tax_rates"], f"{path}[tax_rates]")
    line["metadata"] = merge_metadata(line["metadata"], wish.get("metadata"))
    return work.save(line)


def _check_currencies(lines: list[Doc]) -> None:
    currencies = sorted({line["currency"] for line in lines})
    if len(currencies) > 1:
        raise invalid(
            f"All prices on a Checkout Session must use the same currency: received {', '.join(currencies)}.",
            param="line_items",
        )


def _new_line(work: Work, wish: dict[str, Any], path: str, session_id: str) -> Doc:
    if "quantity" not in wish:
        raise invalid(
            "Quantity is required. Add `quantity` to `" + path + "`.",
            code="parameter_missing",
            param=f"{path}[quantity]",
        )
    price = _price_of(work, wish, path)
    return work.insert(
        {
            "id": work.mint("li"),
            "object": "item",
            "adjustable_quantity": _adjustable(wish, path),
            "amount_discount": 0,
            "amount_subtotal": 0,
            "amount_tax": 0,
            "amount_total": 0,
            "currency": price["currency"],
            "description": work.get("product", price["product"])["name"],
            "metadata": merge_metadata({}, wish.get("metadata")),
            "price": public(price),
            "quantity": wish["quantity"],
            "_session": session_id,
            "_tax_rates": usable_tax_rates(work, wish.get("tax_rates", []), f"{path}[tax_rates]"),
            "_taxes": [],
        }
    )


def _adjustable(wish: dict[str, Any], path: str) -> Doc | None:
    """How many the buyer may take on the page; None where that is not for him to say."""
    asked = part(wish, "adjustable_quantity")
    if not asked:
        return None
    if not asked["enabled"]:
        return {"enabled": False, "maximum": None, "minimum": None}
    least: int = asked.get("minimum", 0)
    most: int = asked.get("maximum", ADJUSTED_MOST_DEFAULT)
    if not least <= wish["quantity"] <= most:
        raise invalid(
            f"`quantity` must be between the minimum ({least}) and the maximum ({most}) of `adjustable_quantity`.",
            param=f"{path}[quantity]",
        )
    return {"enabled": True, "maximum": most, "minimum": least}


def _price_of(work: Work, wish: dict[str, Any], path: str) -> Doc:
    """The price that a line names, or the one that its `price_data` makes."""
    data: dict[str, Any] | None = wish.get("price_data")
    named: str | None = wish.get("price")
    if data is not None and named is not None:
        raise invalid(
            f"You may only specify one of these parameters: {path}[price], {path}[price_data].",
            code="parameters_exclusive",
            param=f"{path}[price]",
        )
    if named is not None:
        return usable_price(work, named, f"{path}[price]")
    if data is None:
        raise _missing(f"{path}[price_data]")
    return _inline_price(work, data, f"{path}[price_data]")


def _inline_price(work: Work, data: dict[str, Any], path: str) -> Doc:
    """Like Stripe's, it is inactive and cannot be bought again, and so is the product that it makes."""
    if "unit_amount" not in data and "unit_amount_decimal" not in data:
        raise _missing(f"{path}[unit_amount]")
    if ("product" in data) == ("product_data" in data):
        raise _missing(f"{path}[product_data]")
    if "product" in data:
        product = usable_product(work, data["product"], f"{path}[product]")
    else:
        product = work.insert(product_doc(work, {**data["product_data"], "active": False}))
    return work.insert(price_doc(work, {**data, "active": False}, product["id"], path))


def _missing(param: str) -> StripeError:
    return invalid(f"Missing required param: {param}.", code="parameter_missing", param=param)
