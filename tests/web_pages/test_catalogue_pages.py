"""The list, a product's page, and the files that pages are made of."""

import re
from pathlib import Path

import httpx
import pytest

from vivr.bootstrap import Shop


async def test_list_is_french_at_its_path_and_english_under_en(browser: httpx.AsyncClient) -> None:
    french, english = await browser.get("/"), await browser.get("/en/")
    assert '<html lang="fr">' in french.text
    assert '<html lang="en">' in english.text
    assert "Dans la boutique" in french.text
    assert "In the shop" in english.text
    assert '<a href="/en/produit/coussin">Linen cushion</a>' in english.text
    assert '<a href="/produit/coussin">Coussin &lt;en&gt; lin</a>' in french.text


async def test_language_is_offered_and_never_switched(browser: httpx.AsyncClient) -> None:
    page = await browser.get("/panier", headers={"Accept-Language": "en-GB,en;q=0.9"})
    assert '<html lang="fr">' in page.text
    assert "This shop speaks English too." in page.text
    assert '<a href="/en/panier" hreflang="en">English</a>' in page.text
    assert "This shop speaks" not in (await browser.get("/panier", headers={"Accept-Language": "fr-FR"})).text
    assert "This shop speaks" not in (await browser.get("/panier")).text


async def test_page_names_itself_and_its_translations(browser: httpx.AsyncClient) -> None:
    page = (await browser.get("/en/produit/theiere?sku=T")).text
    assert '<link rel="canonical" href="http://127.0.0.1:8000/en/produit/theiere">' in page
    assert '<link rel="alternate" hreflang="fr" href="http://127.0.0.1:8000/produit/theiere">' in page
    assert '<link rel="alternate" hreflang="en" href="http://127.0.0.1:8000/en/produit/theiere">' in page
    assert '<link rel="alternate" hreflang="x-default" href="http://127.0.0.1:8000/produit/theiere">' in page


async def test_prices_are_written_as_the_language_writes_them(browser: httpx.AsyncClient) -> None:
    assert "27,90\xa0€" in (await browser.get("/produit/theiere")).text
    assert "€27.90" in (await browser.get("/en/produit/theiere")).text


async def test_option_that_decides_the_price_shows_it(browser: httpx.AsyncClient) -> None:
    page = (await browser.get("/produit/coussin")).text
    labels = [re.sub(r"<[^>]+>|\s+", " ", label).split() for label in re.findall(r"<label[^>]*>(.*?)</label>", page)]
    assert labels[:4] == [["Ocre"], ["Gris", "·", "27,90", "€"], ["40", "·", "27,90", "€"], ["50", "·", "32,90", "€"]]


async def test_named_product_is_chosen_first(browser: httpx.AsyncClient) -> None:
    page = (await browser.get("/produit/coussin?sku=G40")).text
    assert 'name="option1" value="Gris" checked' in page
    assert "Plus que 2 en stock" in page
    assert 'href="/en/produit/coussin?sku=G40"' in page


async def test_sold_out_product_can_not_be_added(browser: httpx.AsyncClient) -> None:
    page = (await browser.get("/produit/vase")).text
    assert "Épuisé pour le moment" in page
    assert 'type="submit" disabled' in page


async def test_pictures_carry_their_size_and_description(browser: httpx.AsyncClient) -> None:
    page = (await browser.get("/produit/coussin")).text
    assert 'src="/media/ab12.jpg" srcset="/media/ab12-400.webp 400w, /media/ab12-800.webp 800w, ' in page
    assert 'width="1200" height="900" alt="Un coussin ocre"' in page


@pytest.mark.parametrize("path", ["/produit/rien", "/produit/%00", "/rien", "/en/produit/" + "x" * 300])
async def test_unknown_page_is_a_404_in_the_shops_look(browser: httpx.AsyncClient, path: str) -> None:
    page = await browser.get(path)
    assert page.status_code == 404
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert 'class="wordmark"' in page.text
    assert page.headers["x-request-id"] in page.text


async def test_unreadable_cursor_is_refused(browser: httpx.AsyncClient) -> None:
    assert (await browser.get("/?after=%F0%9F%98%80")).status_code == 422


async def test_pages_hold_nothing_that_the_policy_forbids(browser: httpx.AsyncClient) -> None:
    for path in ("/", "/produit/coussin", "/panier", "/checkout", "/compte/connexion", "/rien"):
        page = (await browser.get(path)).text
        assert re.search(r"\sstyle=|<style|\son[a-z]+=|javascript:", page) is None
        assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", page))
        assert re.findall(r'(?:src|href)="(?:https?:)?//(?!127\.0\.0\.1:8000)', page) == []


async def test_own_files_are_named_by_content_and_kept_for_a_year(browser: httpx.AsyncClient) -> None:
    page = (await browser.get("/")).text
    paths = re.findall(r'"(/static/[^"]+)"', page)
    assert len(paths) == 3
    for path in paths:
        assert re.fullmatch(r"/static/[a-z]+\.[0-9a-f]{12}\.(css|js|svg)", path)
        file = await browser.get(path)
        assert file.status_code == 200
        assert file.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert (await browser.get("/static/shop.css")).status_code == 404


def fill_media(data: Path) -> None:
    folder = data / "media"
    folder.mkdir()
    (folder / "ab12.jpg").write_bytes(b"a picture")
    (folder / "cd34.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (folder / "ef56.html").write_text("<script>")
    (data / "demo.env").write_text("SECRET")


async def test_media_are_served_with_their_type_and_nothing_else_is(browser: httpx.AsyncClient, shop: Shop) -> None:
    fill_media(shop.settings.vivr_data)
    picture = await browser.get("/media/ab12.jpg")
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/jpeg")
    assert picture.headers["x-content-type-options"] == "nosniff"
    assert picture.headers["cache-control"] == "public, max-age=31536000, immutable"
    drawing = await browser.get("/media/cd34.svg")
    assert drawing.headers["content-type"] == "image/svg+xml"
    assert "sandbox" in drawing.headers["content-security-policy"]
    for name in ("ef56.html", "..%2Fdemo.env", "%2e%2e/demo.env", "nothing.jpg", "ab12.jpg%00"):
        assert (await browser.get(f"/media/{name}")).status_code == 404
