"""The API versions that this sandbox speaks: 2026-05-27.dahlia (the default) and 2026-10-28.endive, its successor."""

from stripe_sandbox.wire.errors import StripeError, invalid

DAHLIA = "2026-05-27.dahlia"
ENDIVE = "2026-10-28.endive"
DEFAULT_VERSION = DAHLIA
VERSIONS = (DAHLIA, ENDIVE)

# The first endive release, which took `payment_method_types` away from requests.
ENDIVE_SINCE = "2026-09-30"


def check_version(version: str | None) -> str:
    """Gives the version of a request; one that is not spoken here is refused."""
    if version is None:
        return DEFAULT_VERSION
    if version not in VERSIONS:
        raise invalid(f"Invalid Stripe API version: {version}. This sandbox speaks {DAHLIA} and {ENDIVE}.")
    return version


def payment_method_types_gone(path: str) -> StripeError:
    """What endive answers to `payment_method_types` on a PaymentIntent."""
    return invalid(
        f"The parameter {path} is no longer supported since API version 2026-09-30.endive. "
        "Use allowed_payment_method_types or excluded_payment_method_types.",
        code="payment_method_types_no_longer_supported",
        param=path,
    )
