"""What of a description's HTML may reach a page: an allow-list of plain text markup, and a reading without markup.

Pure. Everything else (scripts, styles, classes, pictures, forms, frames) is dropped; the text inside harmless unknown
elements stays.
"""

import html
import re
from typing import Final

import nh3

_TABLE_ELEMENTS: Final = {"table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td"}
_ELEMENTS: Final = {"p", "ul", "ol", "li", "strong", "em", "b", "i", "br", "h2", "h3", "h4", "a"} | _TABLE_ELEMENTS
_ATTRIBUTES: Final = {"a": {"href"}, "th": {"colspan", "rowspan", "scope"}, "td": {"colspan", "rowspan"}}
_LINK_REL: Final = "noopener noreferrer nofollow"

_ABSOLUTE_ADDRESS: Final = re.compile(r"https?://", re.IGNORECASE)

_BLOCK_END: Final = re.compile(r"<(?:br\s*/?|/(?:p|li|h[1-6]|tr|div|caption))\s*>", re.IGNORECASE)
_CELL_END: Final = re.compile(r"</t[dh]\s*>", re.IGNORECASE)
_LINE_SPACE: Final = re.compile(r"[ \t\r\f\v]+")


def sanitise_html(markup: str) -> str:
    """The allowed part of a description: well-formed, with links to http and https addresses only."""
    return nh3.clean(
        markup,
        tags=_ELEMENTS,
        attributes=_ATTRIBUTES,
        attribute_filter=_absolute_links_only,
        url_schemes={"http", "https"},
        link_rel=_LINK_REL,
        clean_content_tags={"script", "style"},
        strip_comments=True,
    ).strip()


def _absolute_links_only(_element: str, attribute: str, value: str) -> str | None:
    # A relative address was meant for the shop that the description comes from.
    return None if attribute == "href" and not _ABSOLUTE_ADDRESS.match(value) else value


def plain_text(markup: str) -> str:
    """A description without markup: one line for each paragraph, list item or table row."""
    with_breaks = _CELL_END.sub(" ", _BLOCK_END.sub("\n", markup.replace("\n", " ")))
    text = html.unescape(nh3.clean(with_breaks, tags=set(), clean_content_tags={"script", "style"}))
    lines = (_LINE_SPACE.sub(" ", line).strip() for line in text.split("\n"))
    return "\n".join(line for line in lines if line)
