# ruff: noqa: RUF009 - each call declares a field, as dataclasses.field does
"""Every setting of VIVR, once: its variable, how its text is read, what it is when unset, and what it means.

This table drives the reading, the start-up refusals, ``vivr doctor`` and the page of settings in the documentation.
The field names are the variables' names in lower case; durations are ``timedelta``, so their fields drop the unit.
"""

from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from vivr.money import Money
from vivr.settings import addresses, parsers
from vivr.settings.declaration import (
    CURRENCY_SETTING,
    CURRENCY_UNSET,
    amount_setting,
    charge_setting,
    optional_amount_setting,
    optional_setting,
    required_setting,
    setting,
)
from vivr.settings.parsers import comma_separated, duration, one_of, prefixed_key, whole_number
from vivr.settings.values import (
    CaptureMethod,
    ExceptionPolicy,
    LapsePolicy,
    MailServer,
    RateLimit,
    RefundPolicy,
    Secret,
    ThreeDSecurePolicy,
)

_MINUTE = timedelta(minutes=1)
_SECOND = timedelta(seconds=1)
_MILLISECOND = timedelta(milliseconds=1)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_STRIPE_KEYS_CURE = "copy it from the Stripe dashboard, Developers, API keys"
_STRIPE_WEBHOOK_CURE = "copy the endpoint's signing secret from the Stripe dashboard, Developers, Webhooks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the environment says, read and judged. Build it with ``read_settings``."""

    provided: frozenset[str]
    """The names of the variables that were set; the rest has its value when unset."""

    # The shop
    shop_id: str = required_setting(
        "SHOP_ID",
        parsers.read_slug,
        "Marks this shop's payments at Stripe; events of another shop are ignored. Never change it",
        cure="choose a short name such as my-shop",
    )
    shop_name: str = setting("SHOP_NAME", parsers.read_display_name, "The shop's name for people", unset="VIVR")
    app_url: str = setting(
        "APP_URL",
        addresses.read_origin,
        "The shop's public address, to which Stripe sends buyers back; https with a live key",
        unset=lambda environment: f"http://127.0.0.1:{environment.get('VIVR_PORT', '8000')}",
    )
    allowed_origins: tuple[str, ...] = setting(
        "ALLOWED_ORIGINS", comma_separated(addresses.read_origin), "Other origins that may call the API", unset=""
    )
    secret_key: tuple[Secret[bytes], ...] = required_setting(
        "SECRET_KEY",
        comma_separated(parsers.read_secret_key),
        "32-byte keys for encryption and signatures; the first one writes, all of them read",
        cure=parsers.KEY_CURE,
    )
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = setting(
        "TRUSTED_PROXIES", comma_separated(parsers.read_network), "Proxies whose client address is believed", unset=""
    )

    # Stripe
    stripe_secret_key: Secret[str] = required_setting(
        "STRIPE_SECRET_KEY",
        prefixed_key("sk_test_", "rk_test_", "sk_live_", "rk_live_", cure=_STRIPE_KEYS_CURE),
        "The secret or restricted key; its prefix decides between test and live",
        cure=_STRIPE_KEYS_CURE,
    )
    stripe_publishable_key: Secret[str] | None = optional_setting(
        "STRIPE_PUBLISHABLE_KEY",
        prefixed_key("pk_test_", "pk_live_", cure=_STRIPE_KEYS_CURE),
        "The publishable key, of the same mode; hosted Checkout does without",
    )
    stripe_webhook_secret: tuple[Secret[str], ...] = required_setting(
        "STRIPE_WEBHOOK_SECRET",
        comma_separated(prefixed_key("whsec_", cure=_STRIPE_WEBHOOK_CURE)),
        "Signing secrets of the webhook endpoint; several while one is being rolled",
        cure=_STRIPE_WEBHOOK_CURE,
    )
    stripe_api_version: str = setting(
        "STRIPE_API_VERSION",
        parsers.read_api_version,
        "Stripe's API version; only the pinned one",
        unset=parsers.STRIPE_API_VERSION,
    )
    stripe_api_base: str = setting(
        "STRIPE_API_BASE",
        addresses.read_origin,
        "Stripe's address; another one only on this machine and with a test key",
        unset=addresses.STRIPE_API_BASE,
    )
    stripe_max_retries: int = setting(
        "STRIPE_MAX_RETRIES", whole_number(0, 5), "How often one call to Stripe is repeated at once", unset="2"
    )
    stripe_calls_per_s: int = setting(
        "STRIPE_CALLS_PER_S",
        whole_number(0, 10_000),
        "Stripe's limit of calls a second for the account; 0: none is kept. 100 with a live key, 25 with a test key, "
        "0 with another address",
        unset=addresses.stripe_limit,
    )
    stripe_processes: int = setting(
        "STRIPE_PROCESSES",
        whole_number(1, 1000),
        "How many processes of this shop call Stripe (web and worker): each keeps to its share of STRIPE_CALLS_PER_S",
        unset="2",
    )
    stripe_webhook_timeout: timedelta = setting(
        "STRIPE_WEBHOOK_TIMEOUT_MS",
        duration(500, 30_000, unit=_MILLISECOND),
        "Our deadline for taking in one delivery, in milliseconds",
        unset="10000",
    )
    stripe_idempotency_enabled: bool = setting(
        "STRIPE_IDEMPOTENCY_ENABLED", parsers.read_idempotency, "Always true", unset="true"
    )
    webhook_tolerance: timedelta = setting(
        "WEBHOOK_TOLERANCE_S",
        duration(30, 3600, unit=_SECOND),
        "How far a delivery's signed time may be from now, in seconds",
        unset="300",
    )

    # Payments
    payment_currency: str = setting(
        CURRENCY_SETTING, parsers.read_currency, "The shop's currency", unset=CURRENCY_UNSET
    )
    payment_min_amount: Money = charge_setting(
        "PAYMENT_MIN_AMOUNT",
        "The smallest payable total, in major units; Stripe's minimum when unset",
        unset=lambda currency: currency.minimum_charge_minor,
    )
    payment_max_amount: Money = charge_setting(
        "PAYMENT_MAX_AMOUNT",
        "The largest payable total, in major units; Stripe's maximum when unset",
        unset=lambda currency: currency.maximum_charge_minor // currency.step_minor * currency.step_minor,
    )
    payment_statement_descriptor: str | None = optional_setting(
        "PAYMENT_STATEMENT_DESCRIPTOR",
        parsers.read_descriptor_suffix,
        "Follows the account's prefix on bank statements, 18 characters at most",
    )
    payment_capture_method: CaptureMethod = setting(
        "PAYMENT_CAPTURE_METHOD", one_of(CaptureMethod), "Take money at once, or when staff says so", unset="automatic"
    )
    payment_lapse_policy: LapsePolicy = setting(
        "PAYMENT_LAPSE_POLICY",
        one_of(LapsePolicy),
        "What becomes of authorised money that nobody captured: warn only, capture, or release",
        unset="warn",
    )
    payment_lapse_warning: timedelta = setting(
        "PAYMENT_LAPSE_WARNING_HOURS",
        duration(1, 144, unit=_HOUR),
        "How long before an authorisation lapses staff is warned, in hours",
        unset="48",
    )
    payment_lapse_lead: timedelta = setting(
        "PAYMENT_LAPSE_LEAD_HOURS",
        duration(1, 144, unit=_HOUR),
        "How long before an authorisation lapses the policy acts, in hours",
        unset="12",
    )
    payment_confirmation_method: str = setting(
        "PAYMENT_CONFIRMATION_METHOD", parsers.read_confirmation, "Always automatic", unset="automatic"
    )
    payment_3ds_policy: ThreeDSecurePolicy = setting(
        "PAYMENT_3DS_POLICY", one_of(ThreeDSecurePolicy), "When a card must authenticate", unset="automatic"
    )
    payment_3ds_threshold_amount: Money | None = optional_amount_setting(
        "PAYMENT_3DS_THRESHOLD_AMOUNT", "From this total on, in major units, authentication is always asked for"
    )
    payment_poll_first: timedelta = setting(
        "PAYMENT_POLL_FIRST_S",
        duration(1, 3600, unit=_SECOND),
        "How long to wait for a webhook before asking Stripe, in seconds",
        unset="20",
    )
    payment_poll_max: timedelta = setting(
        "PAYMENT_POLL_MAX_S",
        duration(1, 86_400, unit=_SECOND),
        "The longest pause between two questions to Stripe, in seconds",
        unset="300",
    )

    # Orders and their Checkout Sessions
    order_lifetime: timedelta = setting(
        "ORDER_LIFETIME_MINUTES",
        duration(5, 1440, unit=_MINUTE),
        "How long an order without a session holds its stock, in minutes",
        unset="60",
    )
    session_lifetime: timedelta = setting(
        "SESSION_LIFETIME_MINUTES",
        # Stripe takes 30 minutes to 24 hours from the moment of the call, which comes a little after the reckoning.
        duration(31, 1439, unit=_MINUTE),
        "How long a Checkout Session can be paid, in minutes",
        unset="45",
    )
    session_grace: timedelta = setting(
        "SESSION_GRACE_MINUTES",
        duration(1, 120, unit=_MINUTE),
        "How long after its session's end an order still holds its stock, in minutes",
        unset="10",
    )
    sessions_per_order_max: int = setting(
        "SESSIONS_PER_ORDER_MAX", whole_number(1, 50), "How many sessions one order may have in turn", unset="8"
    )

    # Tax and shipping
    tax_default_rate_bp: int = setting(
        "TAX_DEFAULT_RATE_BP", whole_number(0, 10_000), "VAT of products without a rate, in basis points", unset="2000"
    )
    shipping_flat_amount: Money = amount_setting(
        "SHIPPING_FLAT_AMOUNT", "The price of shipping, VAT included, in major units", unset="0"
    )
    shipping_free_from_amount: Money | None = optional_amount_setting(
        "SHIPPING_FREE_FROM_AMOUNT", "From this subtotal on, in major units, shipping is free; never when unset"
    )
    shipping_tax_rate_bp: int = setting(
        "SHIPPING_TAX_RATE_BP",
        whole_number(0, 10_000),
        "VAT of shipping, in basis points; TAX_DEFAULT_RATE_BP when unset",
        unset=lambda environment: environment.get("TAX_DEFAULT_RATE_BP", "2000"),
    )
    shipping_countries: tuple[str, ...] = setting(
        "SHIPPING_COUNTRIES", comma_separated(parsers.read_country), "Where the shop ships to", unset="FR"
    )

    # The ground
    database_url: Secret[str] | None = optional_setting(
        "DATABASE_URL", addresses.read_database_url, "PostgreSQL 15 or newer; an embedded server when unset"
    )
    database_url_direct: Secret[str] | None = optional_setting(
        "DATABASE_URL_DIRECT",
        addresses.read_database_url,
        "The same database without a pooler, for migrations and notices; when set, DATABASE_URL may be a PgBouncer's",
    )
    database_pool_max: int = setting(
        "DATABASE_POOL_MAX", whole_number(1, 1000), "The most connections that one process holds", unset="10"
    )
    redis_url: Secret[str] | None = optional_setting(
        "REDIS_URL", addresses.read_redis_url, "Shares rate limits between machines; in memory when unset"
    )
    mail_server: MailServer | None = optional_setting(
        "SMTP_URL", addresses.read_mail_server, "The mail server: smtps://, smtp+starttls:// or smtp://"
    )
    mail_from: str = setting(
        "MAIL_FROM", parsers.read_email_address, "The sender of every mail", unset="shop@localhost"
    )
    staff_email: str | None = optional_setting(
        "STAFF_EMAIL", parsers.read_email_address, "Where staff reads of what needs them, such as a refund that failed"
    )
    vivr_data: Path = setting("VIVR_DATA", parsers.read_path, "The folder of all local data", unset=".vivr")
    vivr_host: str = setting("VIVR_HOST", parsers.read_bind_host, "The address to listen on", unset="127.0.0.1")
    vivr_port: int = setting("VIVR_PORT", whole_number(1, 65_535), "The port to listen on", unset="8000")

    # Limits, retention, fraud
    rate_limit_checkout: RateLimit = setting(
        "RATE_LIMIT_CHECKOUT",
        parsers.read_rate_limit,
        "Checkouts of one client: 5/minute is five at once, then one every 12 s",
        unset="5/minute",
    )
    rate_limit_orders: RateLimit = setting(
        "RATE_LIMIT_ORDERS", parsers.read_rate_limit, "Orders of one client", unset="10/minute"
    )
    rate_limit_login: RateLimit = setting(
        "RATE_LIMIT_LOGIN", parsers.read_rate_limit, "Log-ins of one client or account", unset="10/minute"
    )
    rate_limit_register: RateLimit = setting(
        "RATE_LIMIT_REGISTER", parsers.read_rate_limit, "New accounts of one client", unset="10/hour"
    )
    rate_limit_refunds: RateLimit = setting(
        "RATE_LIMIT_REFUNDS", parsers.read_rate_limit, "Refund requests of one client", unset="20/minute"
    )
    rate_limit_webhook: RateLimit = setting(
        "RATE_LIMIT_WEBHOOK",
        parsers.read_rate_limit,
        "Webhook deliveries of one client that do not verify; those that do are never limited",
        unset="60/minute",
    )
    rate_limit_default: RateLimit = setting(
        "RATE_LIMIT_DEFAULT", parsers.read_rate_limit, "Every other call of one client", unset="600/minute"
    )
    declines_free: int = setting(
        "DECLINES_FREE", whole_number(1, 100), "Declines within a day that make nobody wait", unset="3"
    )
    declines_max: int = setting(
        "DECLINES_MAX",
        whole_number(2, 1000),
        "Declines of one customer or card within a day that end it; of one address three times as many",
        unset="10",
    )
    data_retention: timedelta = setting(
        "DATA_RETENTION_DAYS",
        duration(30, 3650, unit=_DAY),
        "How long personal data is kept after its last use, in days",
        unset="1095",
    )
    log_retention: timedelta = setting(
        "LOG_RETENTION_DAYS", duration(30, 3650, unit=_DAY), "How long logs are kept, in days", unset="365"
    )
    pci_dss_level: int = setting(
        "PCI_DSS_LEVEL", whole_number(1, 4), "The merchant level, for the compliance pages", unset="4"
    )
    fraud_review_score: int = setting(
        "FRAUD_REVIEW_SCORE", whole_number(0, 100), "From this score on, staff looks at an order", unset="50"
    )
    fraud_block_score: int = setting(
        "FRAUD_BLOCK_SCORE", whole_number(0, 100), "From this score on, an order is refused", unset="90"
    )
    refund_customer_policy: RefundPolicy = setting(
        "REFUND_CUSTOMER_POLICY",
        one_of(RefundPolicy),
        "What a customer's own refund does: wait for staff (request), or be made if whole and not shipped (execute)",
        unset="request",
    )
    exception_policy: ExceptionPolicy = setting(
        "EXCEPTION_POLICY",
        one_of(ExceptionPolicy),
        "What happens to late and doubled money by itself: it goes back (refund), or it waits for staff (hold)",
        unset="refund",
    )
    exception_refund_after: timedelta = setting(
        "EXCEPTION_REFUND_AFTER_MINUTES",
        duration(0, 43_200, unit=_MINUTE),
        "How long late and doubled money waits for staff before it goes back by itself, in minutes",
        unset="1440",
    )
    refund_approval_amount: Money | None = optional_amount_setting(
        "REFUND_APPROVAL_AMOUNT",
        "Above this amount of one payment, in major units, two of staff have to agree to a refund",
    )

    @property
    def livemode(self) -> bool:
        """Whether real money moves, by the secret key's prefix."""
        return self.stripe_secret_key.reveal().startswith(("sk_live_", "rk_live_"))

    @property
    def stripe_share_per_s(self) -> int | None:
        """This process's share of STRIPE_CALLS_PER_S, at least one call; None: no limit is kept."""
        return max(self.stripe_calls_per_s // self.stripe_processes, 1) if self.stripe_calls_per_s else None

    @property
    def rate_limits(self) -> dict[str, RateLimit]:
        """The one table of rate limits, by what is limited."""
        return {
            "checkout": self.rate_limit_checkout,
            "orders": self.rate_limit_orders,
            "login": self.rate_limit_login,
            "register": self.rate_limit_register,
            "refunds": self.rate_limit_refunds,
            "webhook": self.rate_limit_webhook,
            "default": self.rate_limit_default,
        }
