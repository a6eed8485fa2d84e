"""Webhook endpoints; the secret is shown at creation and never again."""

from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from stripe_sandbox.call import Call
from stripe_sandbox.ids import scramble
from stripe_sandbox.state.work import Doc, Work, public
from stripe_sandbox.wire.errors import invalid, missing_object
from stripe_sandbox.wire.lists import list_objects
from stripe_sandbox.wire.metadata import merge_metadata


def new_endpoint(work: Work, wish: dict[str, Any], secret: str | None = None) -> Doc:
    """Stores an enabled endpoint.

    `_secrets` holds every secret that still signs, with the time at which it ends (None: never).
    """
    secret = secret or new_secret(work)
    return work.insert(
        {
            "id": work.mint("we"),
            "object": "webhook_endpoint",
            "api_version": wish.get("api_version"),
            "application": None,
            "created": work.now,
            "description": wish.get("description"),
            "enabled_events": wish["enabled_events"],
            "livemode": False,
            "metadata": merge_metadata({}, wish.get("metadata")),
            "status": "enabled",
            "url": wish["url"],
            "_secrets": [{"secret": secret, "until": None}],
        }
    )


def new_secret(work: Work) -> str:
    """A new signing secret."""
    return "whsec_" + scramble(work.account.seed, work.next_number(), "whsec", length=32)


def is_loopback(url: str) -> bool:
    """Says whether an address stays on this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def create_endpoint(call: Call) -> Doc:
    """POST /v1/webhook_endpoints."""
    _check_url(call.params["url"])
    endpoint = new_endpoint(call.work, call.params)
    return {**public(endpoint), "secret": endpoint["_secrets"][0]["secret"]}


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise invalid(
            "Invalid URL: An explicit scheme (such as https) must be provided.", code="url_invalid", param="url"
        )


def _in_path(call: Call) -> Doc:
    found = call.work.find("webhook_endpoint", call.path["id"])
    if found is None:
        raise missing_object("webhook endpoint", call.path["id"], param="webhook_endpoint")
    return found


def retrieve_endpoint(call: Call) -> Doc:
    """GET /v1/webhook_endpoints/{id}."""
    return public(_in_path(call))


def update_endpoint(call: Call) -> Doc:
    """POST /v1/webhook_endpoints/{id}; `disabled` stops new deliveries and ends those due while it lasts."""
    endpoint = _in_path(call)
    if call.params.get("url"):
        _check_url(call.params["url"])
    endpoint.update(
        {name: call.params[name] for name in ("url", "enabled_events", "description") if name in call.params}
    )
    if "disabled" in call.params:
        endpoint["status"] = "disabled" if call.params["disabled"] else "enabled"
    endpoint["metadata"] = merge_metadata(endpoint["metadata"], call.params.get("metadata"))
    return public(call.work.save(endpoint))


def delete_endpoint(call: Call) -> Doc:
    """DELETE /v1/webhook_endpoints/{id}."""
    endpoint = _in_path(call)
    call.work.delete(endpoint)
    return {"id": endpoint["id"], "object": "webhook_endpoint", "deleted": True}


def list_endpoints(call: Call) -> Doc:
    """GET /v1/webhook_endpoints."""
    return list_objects(call.work, "webhook_endpoint", "/v1/webhook_endpoints", call.params, noun="webhook endpoint")
