"""Products and prices; a price never changes its amount, a product may have many."""

from decimal import Decimal
from typing import Any

from stripe_sandbox.call import Call, part
from stripe_sandbox.events import emit
from stripe_sandbox.money import check_currency, check_granularity
from stripe_sandbox.state.work import Doc, Work, public
from stripe_sandbox.wire.errors import invalid, missing_object, refused
from stripe_sandbox.wire.lists import Conditions, list_objects
from stripe_sandbox.wire.metadata import merge_metadata
from stripe_sandbox.wire.schema import join

_ON_PRODUCT = ("active", "description", "images", "name", "shippable", "statement_descriptor", "unit_label", "url")
_ON_PRICE = ("active", "nickname", "tax_behavior")


def product_doc(work: Work, wish: dict[str, Any]) -> Doc:
    """A product as it is stored."""
    return {
        "id": wish.get("id") or work.mint("prod"),
        "object": "product",
        "active": wish.get("active", True),
        "created": work.now,
        "default_price": None,
        "description": wish.get("description"),
        "images": wish.get("images", []),
        "livemode": False,
        "marketing_features": [],
        "metadata": merge_metadata({}, wish.get("metadata")),
        "name": wish["name"],
        "package_dimensions": None,
        "shippable": wish.get("shippable"),
        "statement_descriptor": wish.get("statement_descriptor"),
        "tax_code": wish.get("tax_code"),
        "unit_label": wish.get("unit_label"),
        "updated": work.now,
        "url": wish.get("url"),
    }


def new_product(work: Work, wish: dict[str, Any]) -> Doc:
    """Stores a product and says so."""
    product = work.insert(product_doc(work, wish))
    emit(work, "product.created", product)
    return product


def price_doc(work: Work, wish: dict[str, Any], product_id: str, path: str = "") -> Doc:
    """A one-time price as it is stored; `path` is where its parameters stand in the request."""
    currency = check_currency(wish["currency"], join(path, "currency"))
    whole, exact = _read_amount(wish, currency, path)
    return {
        "id": work.mint("price"),
        "object": "price",
        "active": wish.get("active", True),
        "billing_scheme": "per_unit",
        "created": work.now,
        "currency": currency,
        "custom_unit_amount": None,
        "livemode": False,
        "lookup_key": None,
        "metadata": merge_metadata({}, wish.get("metadata")),
        "nickname": wish.get("nickname"),
        "product": product_id,
        "recurring": None,
        "tax_behavior": wish.get("tax_behavior", "unspecified"),
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "one_time",
        "unit_amount": whole,
        "unit_amount_decimal": exact,
    }


def _read_amount(wish: dict[str, Any], currency: str, path: str) -> tuple[int | None, str]:
    """What one costs, in minor units where it is whole, and exactly."""
    whole: int | None = wish.get("unit_amount")
    exact: str | None = wish.get("unit_amount_decimal")
    first, second = join(path, "unit_amount"), join(path, "unit_amount_decimal")
    if whole is not None and exact is not None:
        raise invalid(
            f"You may only specify one of these parameters: {first}, {second}.",
            code="parameters_exclusive",
            param=first,
        )
    if exact is not None:
        amount = Decimal(exact)
        whole = int(amount) if amount == int(amount) else None
        exact = f"{amount.normalize():f}"
    if whole is None and exact is None:
        raise invalid(f"Missing required param: {first}.", code="parameter_missing", param=first)
    if whole is not None:
        check_granularity(whole, currency, param=first)
    return whole, exact or str(whole)


def new_price(work: Work, wish: dict[str, Any], product: Doc) -> Doc:
    """Stores a one-time price of a product and says so; `wish` holds currency and amount."""
    price = work.insert(price_doc(work, wish, product["id"]))
    _name_price(work, price, wish)
    emit(work, "price.created", price)
    return price


def _name_price(work: Work, price: Doc, wish: dict[str, Any]) -> None:
    """A lookup key belongs to one price; it can be taken over."""
    key: str | None = wish.get("lookup_key", price["lookup_key"])
    if key is not None and key != price["lookup_key"]:
        for other in work.select("price", "json_extract(body, '$.lookup_key') = ?", [key]):
            if not wish.get("transfer_lookup_key"):
                raise invalid(
                    f"A price ({other['id']}) already uses that lookup key.",
                    param="lookup_key",
                    code="lookup_key_taken",
                )
            other["lookup_key"] = None
            work.save(other)
    price["lookup_key"] = key
    work.save(price)


def usable_product(work: Work, product_id: str, param: str) -> Doc:
    """A product that something new may name."""
    found = work.find("product", product_id)
    if found is None:
        raise missing_object("product", product_id, param=param, status=400)
    if not found["active"]:
        raise invalid(f"The product {product_id} is marked as inactive.", param=param)
    return found


def usable_price(work: Work, price_id: str, param: str) -> Doc:
    """A price that can be bought."""
    found = work.find("price", price_id)
    if found is None:
        raise missing_object("price", price_id, param=param, status=400)
    if not found["active"]:
        raise invalid(
            "The price specified is inactive. This field only accepts active prices.",
            code="resource_missing",
            param=param,
        )
    return found


def create_product(call: Call) -> Doc:
    """POST /v1/products, with its first price where `default_price_data` names one."""
    wanted: str | None = call.params.get("id")
    if wanted is not None and call.work.find_any(wanted) is not None:
        raise invalid(f"Product already exists: {wanted}.", code="resource_already_exists", param="id")
    product = new_product(call.work, call.params)
    first = part(call.params, "default_price_data")
    if first:
        product["default_price"] = new_price(call.work, first, product)["id"]
        call.work.save(product)
    return public(product)


def _product_in_path(call: Call) -> Doc:
    found = call.work.find("product", call.path["id"])
    if found is None:
        raise missing_object("product", call.path["id"], param="id")
    return found


def retrieve_product(call: Call) -> Doc:
    """GET /v1/products/{id}."""
    return public(_product_in_path(call))


def update_product(call: Call) -> Doc:
    """POST /v1/products/{id}."""
    product = _product_in_path(call)
    changes: Doc = {name: call.params[name] for name in _ON_PRODUCT if name in call.params}
    if call.params.get("default_price"):
        changes["default_price"] = usable_price(call.work, call.params["default_price"], "default_price")["id"]
    changes["metadata"] = merge_metadata(product["metadata"], call.params.get("metadata"))
    return _change(call, product, {**changes, "updated": call.work.now}, "product.updated")


def delete_product(call: Call) -> Doc:
    """DELETE /v1/products/{id}; refused while prices name it."""
    product = _product_in_path(call)
    if call.work.select("price", "json_extract(body, '$.product') = ?", [product["id"]], limit=1):
        raise refused("This product cannot be deleted because it has one or more user-created prices.")
    emit(call.work, "product.deleted", product)
    call.work.delete(product)
    return {"id": product["id"], "object": "product", "deleted": True}


def list_products(call: Call) -> Doc:
    """GET /v1/products, by active, ids, url, shippable and created."""
    conditions = Conditions()
    for name in ("active", "shippable", "url"):
        conditions.equal(name, call.params.get(name))
    conditions.one_of("id", call.params.get("ids"))
    conditions.created(call.params.get("created"))
    return list_objects(call.work, "product", "/v1/products", call.params, noun="product", conditions=conditions)


def create_price(call: Call) -> Doc:
    """POST /v1/prices, of a product that exists or of a new one."""
    given, fresh = call.params.get("product"), part(call.params, "product_data")
    if (given is None) == (not fresh):
        raise invalid(
            "You must specify either `product` or `product_data` when creating a price.",
            code="parameter_missing",
            param="product",
        )
    product = new_product(call.work, fresh) if given is None else usable_product(call.work, given, "product")
    return public(new_price(call.work, call.params, product))


def _price_in_path(call: Call) -> Doc:
    found = call.work.find("price", call.path["id"])
    if found is None:
        raise missing_object("price", call.path["id"], param="price")
    return found


def retrieve_price(call: Call) -> Doc:
    """GET /v1/prices/{id}."""
    return public(_price_in_path(call))


def update_price(call: Call) -> Doc:
    """POST /v1/prices/{id}: everything but what it costs."""
    price = _price_in_path(call)
    _name_price(call.work, price, call.params)
    changes: Doc = {name: call.params[name] for name in _ON_PRICE if name in call.params}
    changes["metadata"] = merge_metadata(price["metadata"], call.params.get("metadata"))
    return _change(call, price, changes, "price.updated")


def list_prices(call: Call) -> Doc:
    """GET /v1/prices, by active, currency, product, type, lookup keys and created."""
    conditions = Conditions()
    for name in ("active", "currency", "product", "type"):
        conditions.equal(name, call.params.get(name))
    conditions.one_of("lookup_key", call.params.get("lookup_keys"))
    conditions.created(call.params.get("created"))
    return list_objects(call.work, "price", "/v1/prices", call.params, noun="price", conditions=conditions)


def _change(call: Call, doc: Doc, changes: Doc, event: str) -> Doc:
    previous: Doc = {name: doc[name] for name, value in changes.items() if doc[name] != value}
    doc.update(changes)
    call.work.save(doc)
    if set(previous) - {"updated"}:
        emit(call.work, event, doc, previous)
    return public(doc)
