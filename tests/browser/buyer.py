"""What a buyer does on a page, with scripts or without."""

from typing import Final

from playwright.sync_api import Page

CARD: Final = "4242424242424242"
CARD_WITHOUT_FUNDS: Final = "4000000000009995"
ADDRESS: Final = {
    "email": "anna.martin@example.com",
    "name": "Anna Martin",
    "line1": "12 rue des Lilas",
    "postal_code": "69003",
    "city": "Lyon",
}


def fill_address(page: Page, **other: str) -> None:
    """Type an address into the checkout form."""
    for name, text in {**ADDRESS, **other}.items():
        page.locator(f"#{name}").fill(text)


def fill_card(page: Page, number: str = CARD) -> None:
    """Fill in the hosted page and press its button."""
    for name, text in {"number": number, "expiry": "12 / 34", "cvc": "123", "name": "Anna Martin"}.items():
        page.locator(f"input[name={name}]").fill(text)
    page.locator("button[type=submit]").first.click()


def heading(page: Page) -> str:
    """The page's first heading that is seen."""
    return page.locator("h1:visible").first.inner_text()
