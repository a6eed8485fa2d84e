"""Renders the templates with a strict Content-Security-Policy."""

from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

_templates = Environment(
    loader=PackageLoader("stripe_sandbox", "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render(name: str, values: dict[str, Any], *, status: int = 200, leads_to: str | None = None) -> Response:
    """One page. `leads_to` is an address that its form may end at.

    Browsers hold the redirect after a form to the policy too.
    """
    targets = "'self'"
    if leads_to is not None:
        parts = urlsplit(leads_to)
        targets += f" {parts.scheme}://{parts.netloc}"
    headers = {
        "Content-Security-Policy": (
            f"default-src 'none'; style-src 'self'; img-src 'self'; form-action {targets}; base-uri 'none'; "
            "frame-ancestors 'none'"
        ),
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
    return HTMLResponse(_templates.get_template(name).render(values), status, headers)
