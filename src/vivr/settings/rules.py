"""What several settings must be together. Pure; a rule is asked only once each of its settings could be read."""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

from vivr.money import Money
from vivr.settings import addresses
from vivr.settings.values import MailSecurity, MailServer, Problem, Secret


def _is_live(key: Secret[str]) -> bool:
    return key.reveal()[2:].startswith("_live_")


def _publishable_key_has_the_same_mode(secret_key: Secret[str], publishable_key: Secret[str] | None) -> Problem | None:
    if publishable_key is None or _is_live(secret_key) == _is_live(publishable_key):
        return None
    return Problem(
        "STRIPE_PUBLISHABLE_KEY",
        "is of another mode than STRIPE_SECRET_KEY",
        "take both keys from the same page: both test or both live",
    )


def _only_test_keys_leave_stripe(secret_key: Secret[str], api_base: str) -> Problem | None:
    if api_base == addresses.STRIPE_API_BASE:
        return None
    if not addresses.is_local(addresses.origin_host(api_base)):
        return Problem(
            "STRIPE_API_BASE",
            "is neither Stripe nor this machine",
            "remove it, or name a sandbox on this machine, such as http://127.0.0.1:12111",
        )
    if _is_live(secret_key):
        return Problem(
            "STRIPE_API_BASE", "would send a live key elsewhere than to Stripe", "remove it, or use a test key"
        )
    return None


def _smallest_amount_is_not_above_the_largest(smallest: Money, largest: Money) -> Problem | None:
    if smallest <= largest:
        return None
    return Problem("PAYMENT_MIN_AMOUNT", "is above PAYMENT_MAX_AMOUNT", "lower it, or raise PAYMENT_MAX_AMOUNT")


def _first_poll_is_not_after_the_longest_pause(first: timedelta, longest: timedelta) -> Problem | None:
    if first <= longest:
        return None
    return Problem("PAYMENT_POLL_FIRST_S", "is above PAYMENT_POLL_MAX_S", "lower it, or raise PAYMENT_POLL_MAX_S")


def _warning_comes_before_the_act(warning: timedelta, lead: timedelta) -> Problem | None:
    if lead <= warning:
        return None
    return Problem(
        "PAYMENT_LAPSE_LEAD_HOURS",
        "is above PAYMENT_LAPSE_WARNING_HOURS",
        "lower it, so that staff is warned before the policy acts",
    )


def _review_comes_before_block(review_score: int, block_score: int) -> Problem | None:
    if review_score <= block_score:
        return None
    return Problem("FRAUD_REVIEW_SCORE", "is above FRAUD_BLOCK_SCORE", "lower it, or raise FRAUD_BLOCK_SCORE")


def _direct_database_needs_the_pooled_one(url: Secret[str] | None, direct_url: Secret[str] | None) -> Problem | None:
    if url is not None or direct_url is None:
        return None
    return Problem("DATABASE_URL_DIRECT", "is set without DATABASE_URL", "set DATABASE_URL too, or remove it")


def _live_shop_is_https(secret_key: Secret[str], app_url: str) -> Problem | None:
    if not _is_live(secret_key) or app_url.startswith("https://"):
        return None
    return Problem("APP_URL", "is not https although the Stripe key is live", "set it to the shop's https address")


def _live_origins_are_https(secret_key: Secret[str], origins: tuple[str, ...]) -> Problem | None:
    if not _is_live(secret_key) or all(origin.startswith("https://") for origin in origins):
        return None
    return Problem("ALLOWED_ORIGINS", "is not https although the Stripe key is live", "use https origins alone")


def _live_database_is_verified(name: str) -> Callable[[Secret[str], Secret[str] | None], Problem | None]:
    def check(secret_key: Secret[str], url: Secret[str] | None) -> Problem | None:
        if url is None or not _is_live(secret_key) or addresses.database_is_safe_with_live_keys(url.reveal()):
            return None
        return Problem(
            name,
            "reaches another host without verified TLS although the Stripe key is live",
            "add ?sslmode=verify-full&sslrootcert=system, or the path of your provider's certificate",
        )

    return check


def _live_mail_is_verified(secret_key: Secret[str], server: MailServer | None) -> Problem | None:
    if server is None or not _is_live(secret_key) or server.security is not MailSecurity.NONE:
        return None
    if addresses.is_local(server.host):
        return None
    return Problem(
        "SMTP_URL",
        "reaches another host without verified TLS although the Stripe key is live",
        "use smtps:// or smtp+starttls://",
    )


_RULES: Final[tuple[tuple[tuple[str, ...], Callable[..., Problem | None]], ...]] = (
    (("stripe_secret_key", "stripe_publishable_key"), _publishable_key_has_the_same_mode),
    (("stripe_secret_key", "stripe_api_base"), _only_test_keys_leave_stripe),
    (("payment_min_amount", "payment_max_amount"), _smallest_amount_is_not_above_the_largest),
    (("payment_poll_first", "payment_poll_max"), _first_poll_is_not_after_the_longest_pause),
    (("payment_lapse_warning", "payment_lapse_lead"), _warning_comes_before_the_act),
    (("fraud_review_score", "fraud_block_score"), _review_comes_before_block),
    (("database_url", "database_url_direct"), _direct_database_needs_the_pooled_one),
    (("stripe_secret_key", "app_url"), _live_shop_is_https),
    (("stripe_secret_key", "allowed_origins"), _live_origins_are_https),
    (("stripe_secret_key", "database_url"), _live_database_is_verified("DATABASE_URL")),
    (("stripe_secret_key", "database_url_direct"), _live_database_is_verified("DATABASE_URL_DIRECT")),
    (("stripe_secret_key", "mail_server"), _live_mail_is_verified),
)
"""Each rule beside the fields it judges."""


def broken_rules(values: Mapping[str, Any]) -> Iterator[Problem]:
    """Judge the values that could be read, by field name."""
    for needed, check in _RULES:
        if all(name in values for name in needed):
            problem = check(*(values[name] for name in needed))
            if problem is not None:
                yield problem
