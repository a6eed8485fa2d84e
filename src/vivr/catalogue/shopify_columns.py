"""The columns of Shopify's product file, by the names of both of its templates.

Source: Shopify Help Center, "Using CSV files to import and export products", and the template that Shopify's admin
offers for download since 2025 (``URL handle``, ``Price``, ``Product image URL`` …); exports made with the older one
(``Handle``, ``Variant Price``, ``Image Src`` …) are still around. Columns that are not listed here are not read.
"""

from collections.abc import Mapping, Sequence
from typing import Final

PRODUCT_COLUMNS: Final[Mapping[str, Sequence[str]]] = {
    "handle": ("Handle", "URL handle"),
    "title": ("Title",),
    "description": ("Body (HTML)", "Description"),
    "vendor": ("Vendor",),
    "kind": ("Type",),
    "tags": ("Tags",),
    "published": ("Published", "Published on online store"),
    "status": ("Status",),
    "option1_name": ("Option1 Name",),
    "option1_value": ("Option1 Value",),
    "option2_name": ("Option2 Name",),
    "option2_value": ("Option2 Value",),
    "option3_name": ("Option3 Name",),
    "option3_value": ("Option3 Value",),
    "sku": ("Variant SKU", "SKU"),
    "grams": ("Variant Grams", "Weight value (grams)"),
    "quantity": ("Variant Inventory Qty", "Inventory quantity"),
    "overselling": ("Variant Inventory Policy", "Continue selling when out of stock"),
    "price": ("Variant Price", "Price"),
    "compare_at": ("Variant Compare At Price", "Compare-at price"),
    "taxable": ("Variant Taxable", "Charge tax"),
    "image": ("Image Src", "Product image URL"),
    "image_position": ("Image Position",),
    "image_alt": ("Image Alt Text",),
    "variant_image": ("Variant Image", "Variant image URL"),
}
PRODUCT_COLUMNS_REQUIRED: Final = ("handle", "title", "price")

TRANSLATION_COLUMNS: Final[Mapping[str, Sequence[str]]] = {
    "type": ("Type",),
    "identification": ("Identification",),
    "field": ("Field",),
    "locale": ("Locale",),
    "market": ("Market",),
    "default": ("Default content",),
    "translated": ("Translated content",),
}
TRANSLATION_COLUMNS_REQUIRED: Final = ("type", "identification", "field", "locale", "default", "translated")
