"""Buying as people do it: in French, in English, without scripts, and after a decline."""

import re

import pytest
from playwright.sync_api import Page, expect

from browser.buyer import CARD_WITHOUT_FUNDS, fill_address, fill_card, heading
from browser.conftest import OpenBrowser
from flows.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


def add_cushion(page: Page) -> None:
    """Choose a cushion cover with both of its options."""
    page.goto("/produit/housse-coussin-lin")
    page.get_by_label("Naturel").check()
    page.get_by_label("50 × 50 cm").check()
    page.get_by_role("button", name="Ajouter au panier").click()


def order(page: Page) -> None:
    """From the basket to the hosted page."""
    page.get_by_role("link", name="Passer la commande").click()
    fill_address(page)
    page.get_by_role("button", name="Commander avec obligation de paiement").click()
    page.wait_for_url("**/c/pay/**")


def test_guest_buys_in_french(open_browser: OpenBrowser) -> None:
    page = open_browser()
    page.goto("/")
    page.get_by_role("link", name="Housse de coussin en lin lavé").click()
    page.get_by_label("Naturel").check()
    page.get_by_label("50 × 50 cm").check()
    expect(page.locator("[data-price]")).to_contain_text("32,90")
    expect(page.locator(".gallery .chosen img")).to_have_attribute("alt", re.compile("naturel", re.IGNORECASE))
    page.get_by_role("button", name="Ajouter au panier").click()
    expect(page.get_by_text("Ajouté à votre panier.")).to_be_visible()
    expect(page.get_by_text("Naturel, 50 × 50 cm", exact=True)).to_be_visible()
    order(page)
    fill_card(page)
    page.wait_for_url("**/checkout/success?session_id=**")
    expect(page.get_by_role("heading", name="Merci, votre commande est payée")).to_be_visible()
    expect(page.get_by_text("37,80\xa0€")).to_be_visible()
    expect(page.get_by_text("La confirmation est en route vers anna.martin@example.com.")).to_be_visible()
    page.get_by_role("link", name="Voir la page de la commande").click()
    expect(page.locator(".state")).to_have_text("Payée")


def test_account_buys_in_english(open_browser: OpenBrowser) -> None:
    page = open_browser(locale="en-GB")
    page.goto("/")
    page.get_by_role("link", name="English").first.click()
    page.get_by_role("link", name="Account").click()
    page.get_by_role("link", name="Create one").click()
    page.get_by_label("Name").fill("Anne Smith")
    page.get_by_label("E-mail address").fill("anne@example.com")
    page.get_by_label("Password").fill("corail-lune-42")
    page.get_by_role("button", name="Create an account").click()
    expect(page.get_by_role("heading", name="Hello Anne Smith")).to_be_visible()
    page.goto("/en/produit/theiere-gres")
    page.get_by_label("Quantity").fill("2")
    page.get_by_role("button", name="Add to basket").click()
    page.get_by_role("link", name="Go to checkout").click()
    expect(page.locator("#email")).to_have_value("anne@example.com")
    fill_address(page, email="anne@example.com", name="Anne Smith")
    page.get_by_role("button", name="Order with obligation to pay").click()
    page.wait_for_url("**/c/pay/**")
    fill_card(page)
    page.wait_for_url("**/en/checkout/success?session_id=**")
    assert heading(page) == "Thank you, your order is paid"
    expect(page.locator(".total dd")).to_have_text("€118.00")
    page.get_by_role("link", name="Account").click()
    expect(page.locator(".orders .state")).to_have_text("Paid")


def test_purchase_needs_no_script(open_browser: OpenBrowser) -> None:
    page = open_browser(java_script_enabled=False)
    add_cushion(page)
    page.get_by_label("Quantité de").fill("2")
    page.get_by_role("button", name="Mettre à jour les quantités").last.click()
    expect(page.locator(".lines .sum")).to_have_text("65,80\xa0€")
    order(page)
    fill_card(page)
    page.wait_for_url("**/checkout/success?session_id=**")
    assert heading(page) == "Merci, votre commande est payée"
    expect(page.locator(".total dd")).to_have_text("70,70\xa0€")


def test_declined_card_is_explained_and_another_one_is_taken(open_browser: OpenBrowser) -> None:
    page = open_browser()
    add_cushion(page)
    order(page)
    hosted = page.url
    fill_card(page, CARD_WITHOUT_FUNDS)
    page.wait_for_load_state()
    page.locator("a[href*='/commande/']").first.click()
    expect(page.get_by_text("Votre banque indique que la provision est insuffisante.")).to_be_visible()
    page.get_by_role("button", name="Réessayer le paiement").click()
    page.wait_for_url(hosted)
    fill_card(page)
    page.wait_for_url("**/checkout/success?session_id=**")
    assert heading(page) == "Merci, votre commande est payée"


def test_confirming_page_turns_into_the_receipt_without_a_reload(open_browser: OpenBrowser, stack: Stack) -> None:
    page = open_browser()
    add_cushion(page)
    order(page)
    session_id = page.url.rpartition("/")[2]
    waiting = page.context.new_page()
    documents: list[str] = []
    waiting.on("framenavigated", lambda frame: documents.append(frame.url))
    waiting.goto(f"{stack.shop_url}/checkout/success?session_id={session_id}")
    assert heading(waiting) == "Nous confirmons votre paiement"
    fill_card(page)
    page.wait_for_url("**/checkout/success?session_id=**")
    expect(waiting.get_by_role("heading", name="Merci, votre commande est payée")).to_be_visible()
    expect(waiting.get_by_role("status").first).to_have_text("Merci, votre commande est payée")
    expect(waiting.locator("[data-stage]")).to_have_attribute("data-stage", "settled")
    assert len(documents) == 1


def test_two_quick_clicks_place_one_order(open_browser: OpenBrowser) -> None:
    page = open_browser()
    add_cushion(page)
    page.get_by_role("link", name="Passer la commande").click()
    fill_address(page)
    page.get_by_role("button", name="Commander avec obligation de paiement").dblclick()
    page.wait_for_url("**/c/pay/**")
    fill_card(page)
    page.wait_for_url("**/checkout/success?session_id=**")
    assert heading(page) == "Merci, votre commande est payée"
    page.goto("/panier")
    expect(page.get_by_text("Votre panier est vide.")).to_be_visible()


def test_changed_quantity_is_sent_at_once(open_browser: OpenBrowser) -> None:
    page = open_browser()
    add_cushion(page)
    page.get_by_label("Quantité de").fill("3")
    page.get_by_label("Quantité de").press("Tab")
    expect(page.locator(".lines .sum")).to_have_text("98,70\xa0€")
    page.get_by_role("button", name="Retirer").click()
    expect(page.get_by_text("Votre panier est vide.")).to_be_visible()
