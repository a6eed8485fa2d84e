"""Rule 8: every address that changes something says what a repeat of the same request does.

Whoever adds one adds its row: a key that gives the first answer, with the tests that show it, or why a repeat does no
harm.
"""

from typing import Final

import httpx

from architecture.test_complaints import TEST, all_tests
from shop_kit import make_settings
from vivr.bootstrap import open_shop
from vivr.web.app import build_app
from vivr.web.backoffice.routes import backoffice_routes
from vivr.web.storefront.routes import storefront_routes
from vivr.webhooks.model import DOOR

_KEYED: Final = (
    "`tests/web/test_repeats.py::test_a_repeat_gives_the_first_answer` "
    "`tests/web/test_repeats.py::test_other_input_under_the_same_key_names_the_field`"
)
_SAME_SESSION: Final = "`tests/flows/test_purchase.py::test_starting_again_gives_the_same_open_session`"
_REFUNDED_ONCE: Final = "`tests/web_pages/test_refund_pages.py::test_staff_gives_an_amount_back_once`"
_DECIDED_ONCE: Final = "`tests/races/test_refunds.py::test_a_wish_is_accepted_once_and_not_declined_as_well`"
_ONE_INTENT: Final = "`tests/web/test_payment_intents.py::test_an_own_order_gets_one_intent_per_key_and_without_one`"
_ANSWERED_ONCE: Final = "`tests/flows/test_dispute_answers.py::test_evidence_is_composed_saved_and_sent_once`"
_SENT_ONCE: Final = "`tests/flows/test_evidence_files.py::test_staffs_file_takes_a_place_and_gives_it_back`"
_MOVED_ONCE: Final = "an authorisation that was taken or given up is none any more, and the order moves by its state"
_REPLAYED: Final = "`tests/flows/test_replay.py::test_an_ended_event_is_processed_again_and_changes_nothing_twice`"
_ENTERED_ONCE: Final = "`tests/web_pages/test_account_links.py::test_a_double_click_enters_the_same_account`"
_RESOLVED_ONCE: Final = "`tests/flows/test_exceptions.py::test_giving_back_again_gives_back_nothing_more`"

REPEATS: Final = {
    "POST /api/orders": _KEYED,
    "POST /api/stripe/checkout": _KEYED,
    "POST /api/stripe/refunds": _KEYED,
    "POST /api/stripe/payment-intents": _ONE_INTENT,
    "POST /api/orders/{order_id}/cancel": "`tests/web/test_repeats.py::test_a_cancelled_order_is_cancelled_once`",
    "POST /api/auth/register": "another account that waits for a proof: the first one proved owns the address",
    "POST /api/auth/login": "another session of the same person",
    "POST /api/auth/logout": "nobody is logged in, as before",
    "POST " + DOOR: "`tests/store/test_inbox.py::test_the_first_body_is_kept_and_deliveries_are_counted`",
    "POST /checkout": "`tests/web_pages/test_checkout_pages.py::test_double_click_places_one_order` "
    "`tests/web_pages/test_checkout_pages.py::test_form_sent_again_with_other_input_shows_the_order_that_it_placed`",
    "POST /commande/{order_id}/payer": _SAME_SESSION,
    "POST /commande/{order_id}/annuler": "`tests/web/test_repeats.py::test_a_cancelled_order_is_cancelled_once`",
    "POST /produit/{handle}": "a basket owes nothing, and shows what is in it",
    "POST /panier": "it sets how many there are, and does not add",
    "POST /compte/connexion": "another session of the same person",
    "POST /compte/inscription": _ENTERED_ONCE,
    "POST /compte/confirmer": _ENTERED_ONCE,
    "POST /compte/nouvelle-adresse": _ENTERED_ONCE,
    "POST /compte/securite/mot-de-passe": _ENTERED_ONCE,
    "POST /compte/confirmation": "another mail; the link of the one before ends",
    "POST /compte/mot-de-passe-oublie": "another mail; the first link that is used ends the others",
    "POST /compte/nouveau-mot-de-passe": "a link works once",
    "POST /compte/securite/adresse": "another mail; the first link that is used ends the others",
    "POST /compte/appareils/{session_id}/fermer": "a device that was logged out is left alone",
    "POST /compte/appareils/fermer": "nobody is logged in, as before",
    "POST /compte/adresses/nouvelle": "an address that stands in the book is not added twice",
    "POST /compte/adresses/{address_id}": "the address is written as it stands",
    "POST /compte/adresses/{address_id}/principale": "it is the usual one, as before",
    "POST /compte/adresses/{address_id}/supprimer": "it is gone, as before",
    "POST /compte/deconnexion": "nobody is logged in, as before",
    "POST /admin/login": "another session of the same person",
    "POST /admin/logout": "nobody is logged in, as before",
    "POST /admin/commandes/{order_id}/rembourser": _REFUNDED_ONCE,
    "POST /admin/commandes/{order_id}/encaisser": _MOVED_ONCE,
    "POST /admin/commandes/{order_id}/liberer": _MOVED_ONCE,
    "POST /admin/evenements/rejouer-morts": "events that are no longer dead are left alone",
    "POST /admin/evenements/{account}/{mode}/{event_id}/essayer": "a trial keeps nothing",
    "POST /admin/evenements/{account}/{mode}/{event_id}/ignorer": "an event that has ended is left alone",
    "POST /admin/evenements/{account}/{mode}/{event_id}/rejouer": _REPLAYED,
    "POST /admin/commandes/{order_id}/lever": "a hold that was taken away is none any more",
    "POST /admin/litiges/{dispute_id}": _ANSWERED_ONCE,
    "POST /admin/litiges/{dispute_id}/pieces/{slot}": _SENT_ONCE,
    "POST /admin/litiges/{dispute_id}/pieces/{slot}/retirer": "a file that was taken away is none any more",
    "POST /admin/alertes/{flag_id}/garder": "a warning that was decided is left alone",
    "POST /admin/alertes/{flag_id}/rembourser": "a warning that was decided is left alone",
    "POST /admin/exceptions/{exception_id}/accepter": _RESOLVED_ONCE,
    "POST /admin/exceptions/{exception_id}/classer": _RESOLVED_ONCE,
    "POST /admin/exceptions/{exception_id}/rendre": _RESOLVED_ONCE,
    "POST /admin/remboursements/{refund_id}/accepter": _DECIDED_ONCE,
    "POST /admin/remboursements/{refund_id}/refuser": _DECIDED_ONCE,
}


def undecided(addresses: set[str], table: dict[str, str]) -> list[str]:
    """What is in one and not in the other, and tests that are none."""
    tests = all_tests()
    wrong = [f"{address} does not say what a repeat does" for address in sorted(addresses - set(table))]
    wrong += [f"{address} is no address" for address in sorted(set(table) - addresses)]
    named = [(address, found) for address, said in table.items() for found in TEST.findall(said)]
    return wrong + [
        f"{address} names {'::'.join(found)}, which is no test" for address, found in named if found not in tests
    ]


async def unsafe_addresses() -> set[str]:
    """Everything that the application answers besides reading."""
    pages = [route for route in (*storefront_routes(), *backoffice_routes()) if not route.path.startswith("/en")]
    found = {
        f"{method} {route.path}" for route in pages for method in (route.methods or ()) if method not in {"GET", "HEAD"}
    }
    settings = make_settings("http://127.0.0.1:9")
    async with open_shop(settings, "postgresql://nobody@127.0.0.1:9/none") as shop:
        transport = httpx.ASGITransport(build_app(shop))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
            document = (await client.get("/openapi.json")).json()
    for path, methods in document["paths"].items():
        found |= {f"{method.upper()} {path}" for method in methods if method != "get"}
    return found | {f"POST {DOOR}"}


async def test_every_unsafe_address_says_what_a_repeat_does() -> None:
    assert undecided(await unsafe_addresses(), REPEATS) == []


async def test_an_address_that_says_nothing_is_caught() -> None:
    addresses = await unsafe_addresses()
    assert undecided({*addresses, "POST /api/gifts"}, REPEATS) == ["POST /api/gifts does not say what a repeat does"]
    assert undecided(addresses, REPEATS | {"POST /panier": "`tests/web/test_repeats.py::test_nothing`"}) != []
