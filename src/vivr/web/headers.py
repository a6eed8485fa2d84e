"""The security headers of every answer. Pure."""

from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders

from vivr.settings import STRIPE_API_BASE, Settings

STRIPE_CHECKOUT_ORIGIN: Final = "https://checkout.stripe.com"


class SecurityHeaders:
    """Headers that tell a browser what these pages may do.

    No inline script or style, nothing from elsewhere, no frame around us. A form may be answered by a redirect to
    Stripe's checkout page, or the sandbox's in the demo, and browsers hold ``form-action`` against redirects too.
    """

    def __init__(self, settings: Settings) -> None:
        sandbox = () if settings.stripe_api_base == STRIPE_API_BASE else _both_names(settings.stripe_api_base)
        form_targets = " ".join(("'self'", STRIPE_CHECKOUT_ORIGIN, *sandbox))
        self._fixed: dict[str, str] = {
            "Content-Security-Policy": (
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
                f"connect-src 'self'; form-action {form_targets}; frame-ancestors 'none'; base-uri 'none'"
            ),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "strict-origin-when-cross-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
        }
        if settings.app_url.startswith("https://"):
            self._fixed["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"

    def add_to(self, headers: MutableHeaders, *, is_json: bool) -> None:
        """Set them on an answer that has not begun; JSON is never cached unless its handler says so.

        A drawing that is served by itself comes with a stricter policy of its own, which stays.
        """
        for name, value in self._fixed.items():
            headers.setdefault(name, value)
        if is_json:
            headers.setdefault("Cache-Control", "no-store")

    def raw(self, *, is_json: bool) -> list[tuple[bytes, bytes]]:
        """The same as bytes, for an answer that is written by hand."""
        headers = MutableHeaders()
        self.add_to(headers, is_json=is_json)
        return headers.raw


def _both_names(origin: str) -> tuple[str, ...]:
    """A sandbox on this machine, under the number and the name that a link may use."""
    parts = urlsplit(origin)
    port = "" if parts.port is None else f":{parts.port}"
    names = dict.fromkeys((parts.hostname or "127.0.0.1", "127.0.0.1", "localhost"))
    return tuple(f"{parts.scheme}://{name}{port}" for name in names)
