"""Parts of a Checkout Session that repeat what its creator asked for."""

from typing import Any

from stripe_sandbox.call import part
from stripe_sandbox.state.work import Doc
from stripe_sandbox.wire.errors import invalid
from stripe_sandbox.wire.metadata import merge_metadata


def recovery_wished(wish: dict[str, Any]) -> Doc | None:
    """`after_expiration` while the session is open; its address comes when it expires."""
    asked = part(part(wish, "after_expiration"), "recovery")
    if not asked:
        return None
    shown = {"allow_promotion_codes": asked.get("allow_promotion_codes", False), "enabled": asked["enabled"]}
    return {"recovery": {**shown, "expires_at": None, "url": None}}


def consent_wished(wish: dict[str, Any]) -> Doc | None:
    """`consent_collection`."""
    asked = part(wish, "consent_collection")
    if not asked:
        return None
    return {
        "payment_method_reuse_agreement": asked.get("payment_method_reuse_agreement"),
        "promotions": asked.get("promotions", "none"),
        "terms_of_service": asked.get("terms_of_service", "none"),
    }


def invoice_wished(wish: dict[str, Any]) -> Doc:
    """`invoice_creation` of a session in mode payment."""
    asked = part(wish, "invoice_creation")
    data = part(asked, "invoice_data")
    rendering = part(data, "rendering_options")
    return {
        "enabled": asked.get("enabled", False),
        "invoice_data": {
            "account_tax_ids": None,
            "custom_fields": data.get("custom_fields") or None,
            "description": data.get("description"),
            "footer": data.get("footer"),
            "issuer": part(data, "issuer") or None,
            "metadata": merge_metadata({}, data.get("metadata")),
            "rendering_options": {**rendering, "template": None} if rendering else None,
        },
    }


def fields_wished(wish: dict[str, Any]) -> list[Doc]:
    """`custom_fields`, which the buyer fills in; their values are null until then."""
    fields: list[Doc] = []
    for index, asked in enumerate(wish.get("custom_fields", [])):
        path, kind = f"custom_fields[{index}]", asked["type"]
        if kind == "dropdown" and not asked.get("dropdown"):
            missing = f"{path}[dropdown]"
            raise invalid(f"Missing required param: {missing}.", code="parameter_missing", param=missing)
        if any(asked["key"] == other["key"] for other in fields):
            raise invalid(f"The key {asked['key']} is used by another custom field.", param=f"{path}[key]")
        details = part(asked, kind)
        shown: Doc = {"default_value": details.get("default_value"), "value": None}
        if kind == "dropdown":
            shown["options"] = details["options"]
        else:
            shown |= {name: details.get(name) for name in ("maximum_length", "minimum_length")}
        fields.append(
            {
                "key": asked["key"],
                "label": asked["label"],
                "optional": asked.get("optional", False),
                "type": kind,
                kind: shown,
            }
        )
    return fields
