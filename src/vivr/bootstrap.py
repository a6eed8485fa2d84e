"""The one place where live objects are wired: settings in, a shop out."""

import hashlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from vivr.caller import Caller
from vivr.cart.change_cart import merge_carts
from vivr.checkout.close_checkout import cancel_order
from vivr.checkout.model import CheckoutLink, CheckoutTerms, IntentLink
from vivr.checkout.start_checkout import start_checkout
from vivr.checkout.start_intent import start_intent
from vivr.checkout.watch_authorizations import LapseTerms
from vivr.clock import Clock, SystemClock
from vivr.customers.model import MailKind, Person
from vivr.customers.neighbours import Neighbours
from vivr.database import Database, Tx
from vivr.disputes.answer_dispute import accept_dispute, save_evidence
from vivr.disputes.attach_file import attach_file
from vivr.disputes.decide_flag import refund_flagged
from vivr.disputes.model import Slot
from vivr.email.model import Sender
from vivr.email.queue_message import queue_message
from vivr.errors import Forbidden
from vivr.ids import AccountMailId, DisputeId, FlagId, OrderId, RefundId
from vivr.money_exceptions.model import MoneyException
from vivr.operations.note_key_refusal import KeyAlarm
from vivr.orders.adopt_orders import adopt_orders, claim_orders
from vivr.orders.model import Order, PricingTerms
from vivr.orders.place_order import OrderRequest, OrderTerms, place_order
from vivr.payments.apply_snapshot import Settlement
from vivr.payments.capture_payment import CaptureRequest, capture_payment
from vivr.payments.model import CAPTURERS
from vivr.payments.read_payments import payment_by_session
from vivr.payments.settle_free_order import settle_free_order
from vivr.payments.settle_payment import settle_payment
from vivr.payments.stripe_account import StripeAccount
from vivr.rate_limits.limiter import RateLimiter
from vivr.refunds.decide_refund import accept_refund, decline_refund
from vivr.refunds.model import Refund, RefundTerms
from vivr.refunds.request_refund import RefundRequest, request_refund
from vivr.resolutions.accept_money import accept_money
from vivr.resolutions.acknowledge import acknowledge
from vivr.resolutions.apply_rule import apply_rule
from vivr.resolutions.give_back import give_back
from vivr.resolutions.model import ResolutionTerms
from vivr.sealing import Seals
from vivr.settings import CaptureMethod, ExceptionPolicy, RefundPolicy, Settings
from vivr.stripe_gateway.gateway import Stripe
from vivr.stripe_gateway.turns import ENDPOINT_PER_S, Turns
from vivr.webhooks.intake import Intake

_CONTACT_RETENTION: Final = timedelta(days=3653)
_SHIPPING_TITLES: Final = {"fr": "Livraison", "en": "Shipping"}


@dataclass(frozen=True, slots=True)
class Shop:
    """The live objects that web, worker and command line work with.

    Attributes:
        settings: what the environment said.
        database: opens transactions.
        clock: the time.
        seals: encryption, digests and tokens under SECRET_KEY.
        stripe: the one door to Stripe.
        account: which account and mode every Stripe id belongs to.
        intake: the one writer of the inbox in this process.
        rate_limiter: counts what clients do.
    """

    settings: Settings
    database: Database
    clock: Clock
    seals: Seals
    stripe: Stripe
    account: StripeAccount
    intake: Intake
    rate_limiter: RateLimiter

    @property
    def sender(self) -> Sender:
        """Who writes to customers."""
        settings = self.settings
        return Sender(settings.shop_name, settings.mail_from, settings.app_url, settings.staff_email)

    def order_terms(self, locale: str) -> OrderTerms:
        """What the merchant decided about orders, with texts in the customer's language."""
        settings = self.settings
        pricing = PricingTerms(
            currency=settings.payment_currency,
            minimum=settings.payment_min_amount,
            maximum=settings.payment_max_amount,
            shipping_flat=settings.shipping_flat_amount,
            shipping_free_from=settings.shipping_free_from_amount,
            shipping_tax_rate_bp=settings.shipping_tax_rate_bp,
            shipping_title=_SHIPPING_TITLES[locale],
        )
        return OrderTerms(pricing, settings.order_lifetime, contact_retention=_CONTACT_RETENTION)

    def checkout_terms(self) -> CheckoutTerms:
        """What the merchant decided about checkouts."""
        settings = self.settings
        return CheckoutTerms(
            shop_id=settings.shop_id,
            session_lifetime=settings.session_lifetime,
            session_grace=settings.session_grace,
            sessions_max=settings.sessions_per_order_max,
            poll_first=settings.payment_poll_first,
            descriptor_suffix=settings.payment_statement_descriptor,
            three_d_secure=settings.payment_3ds_policy,
            three_d_secure_threshold=settings.payment_3ds_threshold_amount,
            declines_free=settings.declines_free,
            declines_most=settings.declines_max,
            captures_by_hand=settings.payment_capture_method is CaptureMethod.MANUAL,
        )

    def neighbours(self) -> Neighbours:
        """What accounts ask of other rooms: baskets, orders, and mails."""

        async def take_over(tx: Tx, guest: str, person: Person) -> None:
            await merge_carts(tx, guest=guest, customer=f"customer:{person.id}", at=self.clock.now())
            await adopt_orders(tx, guest=guest, person_id=person.id)

        async def claim(tx: Tx, order_ids: Sequence[str], waiting: Sequence[str], person: Person) -> None:
            await claim_orders(tx, order_ids=order_ids, waiting=waiting, person_id=person.id)

        async def post(tx: Tx, mail_id: AccountMailId, kind: MailKind, locale: str) -> None:
            await queue_message(tx, self.clock.now(), kind=kind, subject_id=mail_id, order_id=None, locale=locale)

        return Neighbours(take_over, claim, post)

    def lapse_terms(self) -> LapseTerms:
        """What the merchant decided about authorised money that nobody captures."""
        settings = self.settings
        return LapseTerms(settings.payment_lapse_policy, settings.payment_lapse_warning, settings.payment_lapse_lead)

    def refund_terms(self) -> RefundTerms:
        """What the merchant decided about refunds."""
        settings = self.settings
        return RefundTerms(
            shop_id=settings.shop_id,
            customer_executes=settings.refund_customer_policy is RefundPolicy.EXECUTE,
            approval_above=settings.refund_approval_amount,
        )

    def resolution_terms(self) -> ResolutionTerms:
        """What the merchant decided about money that does not fit."""
        settings = self.settings
        goes_back = settings.exception_policy is ExceptionPolicy.REFUND
        return ResolutionTerms(
            refunds=self.refund_terms(),
            rule_after=settings.exception_refund_after if goes_back else None,
            contact_retention=_CONTACT_RETENTION,
        )

    async def place_order(self, caller: Caller, order_id: OrderId, request: OrderRequest) -> Order:
        """See ``orders.place_order``."""

        async def settle_free(tx: Tx, by: Caller, order: Order) -> Order:
            return await settle_free_order(tx, self.clock, by, order)

        return await place_order(
            self.database,
            self.clock,
            self.seals,
            caller,
            self.order_terms(request.locale),
            order_id,
            request,
            settle_free=settle_free,
        )

    async def start_checkout(self, caller: Caller, order_id: OrderId) -> CheckoutLink:
        """See ``checkout.start_checkout``."""
        scope = await self.account.scope()
        terms = self.checkout_terms()
        return await start_checkout(self.database, self.stripe, self.clock, self.seals, caller, scope, terms, order_id)

    async def start_intent(self, caller: Caller, order_id: OrderId) -> IntentLink:
        """See ``checkout.start_intent``."""
        scope = await self.account.scope()
        terms = self.checkout_terms()
        return await start_intent(self.database, self.stripe, self.clock, self.seals, caller, scope, terms, order_id)

    async def cancel_order(self, caller: Caller, order_id: OrderId, reason: str = "cancelled_by_customer") -> Order:
        """See ``checkout.close_checkout``."""
        return await cancel_order(self.database, self.stripe, self.clock, self.seals, caller, order_id, reason=reason)

    async def capture_payment(self, caller: Caller, request: CaptureRequest) -> Settlement:
        """See ``payments.capture_payment``."""
        return await capture_payment(self.database, self.stripe, self.clock, self.seals, caller, request)

    async def release_order(self, caller: Caller, order_id: OrderId) -> Order:
        """Give authorised money up and cancel the order; see ``checkout.close_checkout``.

        Raises:
            Forbidden: the caller may not decide about captures.
        """
        if caller.role not in CAPTURERS:
            raise Forbidden
        return await self.cancel_order(caller, order_id, "authorization_released")

    async def request_refund(self, caller: Caller, request: RefundRequest) -> Refund:
        """See ``refunds.request_refund``."""
        terms = self.refund_terms()
        return await request_refund(self.database, self.stripe, self.clock, self.seals, caller, terms, request)

    async def accept_refund(self, caller: Caller, refund_id: RefundId) -> Refund:
        """See ``refunds.decide_refund``."""
        terms = self.refund_terms()
        return await accept_refund(self.database, self.stripe, self.clock, self.seals, caller, terms, refund_id)

    async def decline_refund(self, caller: Caller, refund_id: RefundId) -> Refund:
        """See ``refunds.decide_refund``."""
        return await decline_refund(self.database, self.clock, caller, refund_id)

    async def give_back(self, caller: Caller, exception_id: str) -> MoneyException:
        """See ``resolutions.give_back``."""
        terms = self.resolution_terms()
        return await give_back(self.database, self.stripe, self.clock, self.seals, caller, terms, exception_id)

    async def accept_money(self, caller: Caller, exception_id: str) -> MoneyException:
        """See ``resolutions.accept_money``."""
        terms = self.resolution_terms()
        return await accept_money(self.database, self.clock, self.seals, caller, terms, exception_id)

    async def acknowledge(self, caller: Caller, exception_id: str, note: str) -> MoneyException:
        """See ``resolutions.acknowledge``."""
        return await acknowledge(self.database, self.clock, caller, exception_id, note)

    async def apply_exception_rule(self, caller: Caller) -> int:
        """See ``resolutions.apply_rule``."""
        terms = self.resolution_terms()
        scope = await self.account.scope()
        return await apply_rule(self.database, self.stripe, self.clock, self.seals, caller, scope, terms)

    async def save_evidence(
        self, caller: Caller, dispute_id: DisputeId, given: Mapping[str, str], *, submit: bool
    ) -> None:
        """See ``disputes.answer_dispute``."""
        await save_evidence(
            self.database, self.stripe, self.clock, self.seals, caller, self.sender, dispute_id, given, submit=submit
        )

    async def attach_file(self, caller: Caller, dispute_id: DisputeId, slot: Slot, content: bytes) -> None:
        """See ``disputes.attach_file``."""
        await attach_file(self.database, self.stripe, self.clock, self.seals, caller, dispute_id, slot, content)

    async def accept_dispute(self, caller: Caller, dispute_id: DisputeId) -> None:
        """See ``disputes.answer_dispute``."""
        await accept_dispute(self.database, self.stripe, self.clock, self.seals, caller, dispute_id)

    async def refund_flagged(self, caller: Caller, flag_id: FlagId) -> Refund:
        """See ``disputes.decide_flag``."""
        terms = self.refund_terms()
        return await refund_flagged(self.database, self.stripe, self.clock, self.seals, caller, terms, flag_id)

    async def settle_session(self, caller: Caller, session_id: str) -> Settlement | None:
        """Settle the payment behind a session from Stripe's own word; None: an id that we don't know, asked nowhere."""
        async with self.database.transaction("payment_by_session") as tx:
            payment = await payment_by_session(tx, session_id)
        if payment is None:
            return None
        return await settle_payment(self.database, self.stripe, self.clock, caller, payment.id)


def _turns_of(settings: Settings) -> Turns:
    per_s = settings.stripe_share_per_s
    return Turns(per_s, max(min(ENDPOINT_PER_S // settings.stripe_processes, per_s or ENDPOINT_PER_S), 1))


@asynccontextmanager
async def open_shop(
    settings: Settings, database_url: str | None = None, *, clock: Clock | None = None
) -> AsyncGenerator[Shop]:
    """Open everything that a process needs, and close it at the end of the block.

    Args:
        settings: what the environment said.
        database_url: another address than the settings' (the embedded server's).
        clock: another clock than the machine's, in tests.
    """
    if database_url is None:
        if settings.database_url is None:
            raise ValueError("no database: set DATABASE_URL or start the embedded server first")
        database_url = settings.database_url.reveal()
    clock = clock or SystemClock()
    seals = Seals([key.reveal() for key in settings.secret_key])
    key = settings.stripe_secret_key.reveal()
    # Who names a direct address has a pooler at the other one.
    is_pooled = settings.database_url_direct is not None
    database = Database(database_url, pool_max=settings.database_pool_max, is_pooled=is_pooled)
    alarm = KeyAlarm(database, clock)
    stripe = Stripe(
        key,
        api_base=settings.stripe_api_base,
        max_retries=settings.stripe_max_retries,
        turns=_turns_of(settings),
        on_key_refused=alarm.note,
    )
    account = StripeAccount(database, stripe, clock, key_digest=hashlib.sha256(key.encode()).digest())
    intake = Intake(database)
    shared_url = settings.redis_url.reveal() if settings.redis_url else None
    rate_limiter = RateLimiter(settings.rate_limits, seals, shared_url)
    await database.open()
    try:
        yield Shop(settings, database, clock, seals, stripe, account, intake, rate_limiter)
    finally:
        await intake.close()
        await rate_limiter.close()
        await stripe.close()
        await alarm.close()
        await database.close()
