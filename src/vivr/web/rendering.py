"""Pages from templates: one Jinja2 environment per language, escaped by default, with a page's few words and addresses.

A template sees ``page`` (a ``PageFrame``: what every page shows) and the values of its handler. An undefined name is an
error. French sentences come from the catalogue ``storefront``; English ones are the templates' own.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any, Final, cast

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from vivr.translate import DEFAULT_LOCALE, LOCALES, preferred_locale, translator
from vivr.web.assets import asset_url
from vivr.web.formatting import filters_of
from vivr.web.visit import Visit

_LANGUAGE_NAMES: Final = {"fr": "Français", "en": "English"}


def localise_path(path: str, locale: str) -> str:
    """A French path as the language's own: ``/panier`` is ``/en/panier`` in English, ``/`` is ``/en/``."""
    return path if locale == DEFAULT_LOCALE else f"/{locale}{path}"


def plain_path(path: str) -> str:
    """The French path of a page, whichever language it was asked in."""
    for locale in LOCALES:
        prefix = f"/{locale}"
        if locale != DEFAULT_LOCALE and (path == prefix or path.startswith(f"{prefix}/")):
            return path.removeprefix(prefix) or "/"
    return path


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFrame:
    """What every page shows around its own content.

    Attributes:
        locale: ``fr`` or ``en``.
        path: the page's path without its language, such as ``/panier``.
        query: its query with the question mark, or nothing; the same in the other language.
        shop_name: the name over the door.
        app_url: the shop's public address, for canonical links.
        cart_units: how many units lie in the visitor's basket.
        offered_locale: the other language, if the browser prefers it.
    """

    locale: str
    path: str
    query: str
    shop_name: str
    app_url: str
    cart_units: int
    offered_locale: str | None

    @property
    def languages(self) -> list[tuple[str, str, str]]:
        """Locale, its own name and this page's path in it, for every language."""
        return [(locale, _LANGUAGE_NAMES[locale], localise_path(self.path, locale)) for locale in LOCALES]

    def link(self, path: str) -> str:
        """Another page in this page's language."""
        return localise_path(path, self.locale)


def frame_of(visit: Visit, *, cart_units: int = 0, query: str = "") -> PageFrame:
    """The frame of a visit's page."""
    settings = visit.shop.settings
    preferred = preferred_locale(visit.headers.get("accept-language"))
    has_wish = "accept-language" in visit.headers
    return PageFrame(
        locale=visit.locale,
        path=plain_path(visit.path),
        query=f"?{query}" if query else "",
        shop_name=settings.shop_name,
        app_url=settings.app_url,
        cart_units=cart_units,
        offered_locale=preferred if has_wish and preferred != visit.locale else None,
    )


def render_page(template: str, frame: PageFrame, *, status: int = 200, **values: object) -> HTMLResponse:
    """A page that no cache keeps: it may show a basket, an order or a name."""
    body = _environment(frame.locale).get_template(template).render(page=frame, **values)
    return HTMLResponse(body, status, {"Cache-Control": "no-store", "Content-Language": frame.locale})


def compile_templates() -> None:
    """Compile every page in every language: a broken one stops the start, and no visit waits for it."""
    for locale in LOCALES:
        environment = _environment(locale)
        for name in environment.list_templates(filter_func=_is_page):
            environment.get_template(name)


def _is_page(template: str) -> bool:
    # Mails and the demo's mailbox stand in folders of their own and are rendered elsewhere.
    return template.endswith(".html") and ("/" not in template or template.startswith(("storefront/", "backoffice/")))


@cache
def _environment(locale: str) -> Environment:
    environment = Environment(
        loader=PackageLoader("vivr"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        extensions=["jinja2.ext.i18n"],
    )
    catalogue = translator(locale, "storefront")
    # The extension adds this method to the environment, which Jinja2's types don't say.
    cast("Any", environment).install_gettext_callables(catalogue.gettext, catalogue.ngettext, newstyle=True)
    cast("dict[str, object]", environment.globals)["asset"] = asset_url
    cast("dict[str, object]", environment.filters).update(filters_of(locale))
    return environment
