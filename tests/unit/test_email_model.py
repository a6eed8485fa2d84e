"""When a mail is tried again, and what its parts say."""

from datetime import UTC, datetime, timedelta

import pytest

from vivr.customers.contact import Address, Contact
from vivr.email.compose_message import compose_message
from vivr.email.model import Sender, message_id_header, next_try, vat_parts
from vivr.ids import OrderId
from vivr.money import Money
from vivr.orders.model import Order, OrderLine, OrderState

QUEUED = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SENDER = Sender("Maison Vivr", "boutique@example.com", "https://shop.example.com")


def make_line(position: int, title: str, quantity: int, amount_minor: int, rate_bp: int, tax_minor: int) -> OrderLine:
    return OrderLine(
        position=position,
        kind="product",
        product_id=None,
        sku=f"SKU-{position}",
        title=title,
        quantity=quantity,
        unit_minor=amount_minor // quantity,
        discount_minor=0,
        amount_minor=amount_minor,
        tax_rate_bp=rate_bp,
        net_minor=amount_minor - tax_minor,
        tax_minor=tax_minor,
    )


LINES = [make_line(1, "Bol <grès>", 3, 7470, 2000, 1245), make_line(2, "Thé noir", 1, 1055, 550, 55)]


def make_order(locale: str) -> Order:
    return Order(
        id=OrderId("ord_1"),
        number=10007,
        principal="guest:ses_1",
        person_id=None,
        state=OrderState.PAID,
        state_before=None,
        currency="EUR",
        locale=locale,
        return_origin="https://other.example.com",
        subtotal_minor=8525,
        discount_minor=0,
        shipping_minor=0,
        tax_minor=1300,
        total_minor=8525,
        payable_minor=8525,
        placed_at=QUEUED,
        deadline_at=QUEUED,
        sessions_made=1,
        request_id="req_1",
    )


def compose(
    locale: str, kind: str = "order_confirmation", money: Money | None = None, recipient: str | None = None
) -> tuple[str, str, str]:
    address = Address(name="Anna Martin", line1="1 rue Haute", postal_code="69001", city="Lyon", country="FR")
    message = compose_message(
        message_id="msg_1",
        kind=kind,
        sender=SENDER,
        order=make_order(locale),
        lines=LINES,
        contact=Contact("anna@example.com", address),
        token="t0k3n",
        date=QUEUED,
        locale=locale,
        recipient=recipient,
        money=money,
    )
    text, page = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert page is not None
    assert message["Message-ID"] == "<msg_1@example.com>"
    assert message["To"] == (recipient or "anna@example.com")
    assert message["From"] == "Maison Vivr <boutique@example.com>"
    assert message["Date"] == "Mon, 23 Nov 2026 12:00:00 +0000"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == locale
    return str(message["Subject"]), text.get_content().replace("\r\n", "\n"), page.get_content()


def test_pauses_between_tries_double_from_ten_seconds_up_to_an_hour() -> None:
    pauses = [next_try(QUEUED, QUEUED, tries) for tries in (1, 2, 3, 9, 10, 1000)]
    assert pauses == [timedelta(seconds=seconds) for seconds in (10, 20, 40, 2560, 3600, 3600)]


def test_last_try_comes_when_a_day_is_over_and_none_after_it() -> None:
    assert next_try(QUEUED, QUEUED + timedelta(hours=23, minutes=50), 30) == timedelta(minutes=10)
    assert next_try(QUEUED, QUEUED + timedelta(days=1), 31) is None


def test_message_id_is_the_same_for_every_try() -> None:
    assert message_id_header("msg_01", SENDER) == "<msg_01@example.com>"
    assert message_id_header("msg_01", Sender("V", "a@bücher.example", "")) == "<msg_01@xn--bcher-kva.example>"


def test_vat_is_summed_by_rate_and_zero_rates_are_left_out() -> None:
    lines = [*LINES, make_line(3, "Plat", 1, 600, 2000, 100), make_line(4, "Timbre", 1, 500, 0, 0)]
    parts = [(part.rate_bp, part.tax) for part in vat_parts(lines, "EUR")]
    assert parts == [(2000, Money(1345, "EUR")), (550, Money(55, "EUR"))]


def test_french_confirmation_names_number_lines_total_vat_address_and_link() -> None:
    subject, text, page = compose("fr")
    assert subject == "Votre commande V10007 est confirmée"
    assert text == (
        "Bonjour,\n\n"
        "Merci\u00a0: votre paiement est arrivé et votre commande V10007 est confirmée.\n\n"
        "3 × Bol <grès> – 74,70\u00a0€\n1 × Thé noir – 10,55\u00a0€\n\n"
        "Total TTC\u00a0: 85,25\u00a0€\n"
        "dont TVA à 20\u202f%\u00a0: 12,45\u00a0€\ndont TVA à 5,5\u202f%\u00a0: 0,55\u00a0€\n\n"
        "Elle est expédiée à\u00a0:\nAnna Martin\n1 rue Haute\n69001 Lyon\nFrance\n\n"
        "La page de votre commande\u00a0:\nhttps://shop.example.com/commande/ord_1?cle=t0k3n\n\n"
        "Maison Vivr\n"
    )
    assert "3&nbsp;×&nbsp;Bol &lt;grès&gt;" in page
    assert 'href="https://shop.example.com/commande/ord_1?cle=t0k3n"' in page
    assert '<html lang="fr">' in page


def test_english_confirmation_is_written_in_english_and_leads_to_the_english_page() -> None:
    subject, text, page = compose("en")
    assert subject == "Your order V10007 is confirmed"
    assert "Thank you: your payment has arrived and your order V10007 is confirmed.\n" in text
    assert "3 × Bol <grès> – €74.70\n" in text
    assert "Total, VAT included: €85.25\nof which VAT at 20%: €12.45\nof which VAT at 5.5%: €0.55\n" in text
    assert "https://shop.example.com/en/commande/ord_1?cle=t0k3n" in text
    assert "of which VAT at 20%" in page


def test_a_refund_is_told_with_its_amount_and_how_long_it_takes() -> None:
    subject, text, page = compose("fr", "refunded", Money(2980, "EUR"))
    assert subject == "Un remboursement de votre commande V10007 est en route"
    assert text == (
        "Bonjour,\n\n"
        "Nous avons remboursé 29,80\u00a0€ pour votre commande V10007.\n\n"
        "L’argent revient par le chemin du paiement\u202f; "
        "votre banque peut mettre cinq à dix jours ouvrés à l’afficher.\n\n"
        "La page de votre commande\u00a0:\nhttps://shop.example.com/commande/ord_1?cle=t0k3n\n\nMaison Vivr\n"
    )
    assert 'href="https://shop.example.com/commande/ord_1?cle=t0k3n"' in page
    assert compose("en", "refunded", Money(2980, "EUR"))[0] == "A refund for your order V10007 is on its way"


def test_a_refund_that_failed_is_told_to_the_customer_and_to_staff() -> None:
    subject, text, _ = compose("en", "refund_failed", Money(2980, "EUR"))
    assert subject == "The refund for your order V10007 did not arrive"
    assert "Your bank sent back the €29.80 that we had given back for your order V10007.\n" in text
    subject, text, page = compose("fr", "refund_failed_staff", Money(2980, "EUR"), "staff@example.com")
    assert subject == "Un remboursement de la commande V10007 a échoué"
    assert "https://shop.example.com/admin/commandes/ord_1\n" in text
    assert "t0k3n" not in text + page
    english = compose("en", "refund_failed_staff", Money(1, "EUR"), "staff@example.com")[1]
    assert "https://shop.example.com/en/admin/commandes/ord_1\n" in english


@pytest.mark.parametrize(
    ("locale", "said", "link"),
    [
        ("fr", "pour aucune commande qu’elle connaisse", "https://shop.example.com/admin/exceptions"),
        ("en", "for no order that it knows", "https://shop.example.com/en/admin/exceptions"),
    ],
)
def test_staff_is_told_of_money_without_an_order(locale: str, said: str, link: str) -> None:
    message = compose_message(
        message_id="msg_1",
        kind="money_exception_staff",
        sender=SENDER,
        order=None,
        lines=[],
        contact=None,
        token="",
        date=QUEUED,
        locale=locale,
        recipient="team@example.com",
        money=Money(2980, "EUR"),
    )
    text = message.get_body(("plain",))
    assert text is not None
    content = text.get_content()
    assert said in content
    assert link in content
    assert "29" in str(message["Subject"])
    assert message["To"] == "team@example.com"
