"""What the buyer without a screen reads from a page, and which end a card must lead to."""

from vivr.demo.cards import expectation_of, security_code
from vivr.demo.page_reader import read_page

PAGE = """
<a href="/produit/bol">Bol</a> <a>no address</a> <a href="/panier">Panier</a>
<form method="post" action="/recherche"><input name="q"></form>
<form method="post" action="/produit/bol">
  <input type="hidden" name="csrf" value="a&amp;b">
  <input type="radio" name="colour" value="sold" disabled>
  <input type="radio" name="colour" value="red"><input type="radio" name="colour" value="blue" checked>
  <input type="radio" name="size" value="S"><input type="radio" name="size" value="L">
  <input type="checkbox" name="gift"><input type="checkbox" name="news" checked>
  <select name="country"><option value="BE">BE</option><option value="FR" selected>FR</option></select>
  <select name="town"><option value="" disabled>?</option><option value="Lyon">Lyon</option></select>
  <textarea name="note"></textarea>
  <input name="quantity" type="number" value="1">
  <input name="item" value="1"><input name="item" value="2">
  <button type="button" name="no" value="1">no</button>
  <button name="action" value="add">Add</button><button name="action" value="remove">Remove</button>
</form>
<div class="notice" role="alert"><p>Your card<br>was <b>declined</b>.</p></div><p>after</p>
"""


def test_links_and_alerts_are_read_in_order() -> None:
    content = read_page(PAGE)
    assert content.links == ["/produit/bol", "/panier"]
    assert content.alerts == ["Your card was declined ."]


def test_form_holds_what_a_browser_would_send_with_its_first_button() -> None:
    form = read_page(PAGE).form_to("/produit/")
    assert form is not None
    assert form.is_open
    assert form.fields == [
        ("csrf", "a&b"),
        ("colour", "blue"),
        ("size", "S"),
        ("news", "on"),
        ("country", "FR"),
        ("town", "Lyon"),
        ("note", ""),
        ("quantity", "1"),
        ("item", "1"),
        ("item", "2"),
        ("action", "add"),
    ]


def test_entries_go_into_their_places_and_nowhere_else() -> None:
    form = read_page(PAGE).form_to("/produit/")
    assert form is not None
    filled = form.filled({"quantity": "3", "absent": "x"})
    assert ("quantity", "3") in filled
    assert "absent" not in {name for name, _ in filled}


def test_form_without_a_button_to_press_is_closed() -> None:
    form = read_page('<form action="/produit/x"><button disabled>Sold out</button></form>').form_to("/produit/")
    assert form is not None
    assert not form.is_open
    assert read_page("<p>nothing</p>").form_to("/produit/") is None


def test_each_card_has_its_end() -> None:
    ends = {
        number: (expectation_of(number).is_declined, expectation_of(number).has_challenge)
        for number in ("4242424242424242", "4000000000000002", "4000002760003184", "4000008400001629")
    }
    assert ends == {
        "4242424242424242": (False, False),
        "4000000000000002": (True, False),
        "4000002760003184": (False, True),
        "4000008400001629": (True, True),
    }
    assert (security_code("378282246310005"), security_code("4242424242424242")) == ("1234", "123")
