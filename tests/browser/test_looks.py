"""Every page fits its window, in both themes, and gives fingers something to touch."""

from pathlib import Path

import pytest
from playwright.sync_api import Page

from browser.buyer import fill_address
from browser.conftest import OpenBrowser
from flows.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

PAGES = (
    "/",
    "/en/",
    "/produit/housse-coussin-lin",
    "/produit/verres-a-eau",
    "/panier",
    "/checkout",
    "/compte/connexion",
    "/compte/inscription",
    "/admin/login",
    "/rien",
)
TOO_SMALL = """
    () => [...document.querySelectorAll("button, input:not([type=hidden]), select, nav a, a.button, a.link")]
        .filter((element) => element.checkVisibility() && !element.matches(".hidden"))
        .map((element) => [element.outerHTML.slice(0, 90), element.getBoundingClientRect().height])
        .filter(([, height]) => height < 43.5)
"""


def fill_basket(page: Page) -> None:
    page.goto("/produit/housse-coussin-lin")
    page.get_by_role("button", name="Ajouter au panier").click()
    page.goto("/produit/theiere-gres")
    page.get_by_role("button", name="Ajouter au panier").click()


@pytest.mark.parametrize(("width", "theme"), [(390, "dark"), (768, "light"), (1280, "light")])
def test_page_fits_its_window(open_browser: OpenBrowser, tmp_path: Path, width: int, theme: str) -> None:
    page = open_browser(viewport={"width": width, "height": 900}, color_scheme=theme)
    fill_basket(page)
    for number, path in enumerate(PAGES):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        broken = page.evaluate("[...document.images].filter((i) => i.complete && !i.naturalWidth).map((i) => i.src)")
        assert broken == [], path
        page.screenshot(path=tmp_path / f"{number}.png")


def test_fingers_find_what_they_aim_at(open_browser: OpenBrowser) -> None:
    page = open_browser(viewport={"width": 390, "height": 844}, has_touch=True)
    fill_basket(page)
    for path in PAGES:
        page.goto(path)
        assert page.evaluate(TOO_SMALL) == [], path


def test_keyboard_reaches_the_content_first_and_sees_where_it_is(open_browser: OpenBrowser) -> None:
    page = open_browser()
    page.goto("/")
    page.keyboard.press("Tab")
    skip = page.locator(".skip")
    assert skip.evaluate("(link) => link === document.activeElement")
    box = skip.bounding_box()
    assert box is not None
    assert box["y"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


def test_wrong_field_is_reached_from_its_message(open_browser: OpenBrowser) -> None:
    page = open_browser()
    fill_basket(page)
    page.goto("/checkout")
    fill_address(page, email="pas une adresse")
    page.get_by_role("button", name="Commander avec obligation de paiement").click()
    page.get_by_role("alert").get_by_role("link", name="Adresse e-mail").click()
    assert page.evaluate("document.activeElement.id") == "email"
    assert page.locator("#city").input_value() == "Lyon"


def test_motion_stands_still_for_those_who_ask(open_browser: OpenBrowser) -> None:
    page = open_browser(reduced_motion="reduce")
    page.goto("/")
    script = "() => { const bar = document.body.appendChild(document.createElement('div')); bar.className = 'running';"
    duration = page.evaluate(script + " return getComputedStyle(bar, '::after').animationDuration; }")
    assert duration == "1e-05s"


def test_the_local_stripes_own_page_works_without_scripts_and_fits(open_browser: OpenBrowser, stack: Stack) -> None:
    page = open_browser(viewport={"width": 390, "height": 900}, color_scheme="dark", java_script_enabled=False)
    page.goto(stack.sandbox_url)
    page.get_by_label("Secret key").fill("sk_test_looks00000001")
    page.get_by_role("button", name="Show the account").click()
    page.get_by_role("button", name="+ 1 day").click()
    assert page.get_by_role("status").inner_text() == "The clock was moved."
    for view, width in (("Payments", 390), ("Events", 1280), ("Requests", 390), ("Chaos", 390)):
        page.set_viewport_size({"width": width, "height": 900})
        page.get_by_role("link", name=view, exact=True).click()
        assert page.evaluate("document.documentElement.scrollWidth") <= width, view
    page.get_by_label("What goes wrong").select_option("reset")
    page.get_by_role("button", name="Arm").click()
    assert page.get_by_role("status").inner_text() == "reset is armed."
    page.get_by_role("button", name="Clear", exact=True).click()
    assert page.get_by_role("status").inner_text() == "The fault is cleared."
