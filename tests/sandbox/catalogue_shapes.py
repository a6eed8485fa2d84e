"""The key sets of products and prices, as in Stripe's test mode."""

from sandbox.shapes import Table

PRODUCT: Table = {
    "id": "str",
    "object": "str",
    "active": "bool",
    "created": "int",
    "default_price": "str|null",
    "description": "str|null",
    "images": "list",
    "livemode": "bool",
    "marketing_features": "list",
    "metadata": "dict",
    "name": "str",
    "package_dimensions": "any",
    "shippable": "bool|null",
    "statement_descriptor": "str|null",
    "tax_code": "any",
    "unit_label": "str|null",
    "updated": "int",
    "url": "str|null",
}

PRICE: Table = {
    "id": "str",
    "object": "str",
    "active": "bool",
    "billing_scheme": "str",
    "created": "int",
    "currency": "str",
    "custom_unit_amount": "any",
    "livemode": "bool",
    "lookup_key": "str|null",
    "metadata": "dict",
    "nickname": "str|null",
    "product": "str",
    "recurring": "any",
    "tax_behavior": "str",
    "tiers_mode": "any",
    "transform_quantity": "any",
    "type": "str",
    "unit_amount": "int",
    "unit_amount_decimal": "str",
}
