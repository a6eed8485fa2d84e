"""Reads a page as far as a buyer needs it: links, forms with what they hold, and what is said in an alert. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final

_VOID: Final = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr")
)


@dataclass(slots=True)
class Form:
    """A form: where it goes, and what a browser would send if only its first button were pressed.

    Attributes:
        action: its address as written; empty is the page's own.
        fields: name and value, in the page's order; several may share a name.
        is_open: whether it has a button that can be pressed.
    """

    action: str
    fields: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    is_open: bool = False

    @property
    def names(self) -> set[str]:
        """The names of all fields."""
        return {name for name, _ in self.fields}

    def filled(self, entries: Mapping[str, str]) -> list[tuple[str, str]]:
        """The fields with a buyer's entries in their places; an entry that has no place is left out."""
        return [(name, entries.get(name, value)) for name, value in self.fields]


@dataclass(slots=True)
class PageContent:
    """What was read.

    Attributes:
        links: the addresses of all links, as written, in order.
        forms: all forms.
        alerts: the texts of everything with the role ``alert``.
    """

    links: list[str] = field(default_factory=list[str])
    forms: list[Form] = field(default_factory=list[Form])
    alerts: list[str] = field(default_factory=list[str])

    def form_to(self, path_part: str) -> Form | None:
        """The first form whose address holds a text, or None."""
        return next((form for form in self.forms if path_part in form.action), None)


def read_page(html: str) -> PageContent:
    """Read a page."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    for alert in reader.alerts:
        reader.content.alerts.append(" ".join("".join(alert).split()))
    return reader.content


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.content: PageContent = PageContent()
        self.alerts: list[list[str]] = []
        self._form: Form | None = None
        self._select: str | None = None
        self._alert_depth: int = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if self._alert_depth and tag not in _VOID:
            self._alert_depth += 1
        elif values.get("role") == "alert":
            self._alert_depth = 1
            self.alerts.append([])
        match tag:
            case "a" if "href" in values:
                self.content.links.append(values["href"])
            case "form":
                self._form = Form(values.get("action", ""))
                self.content.forms.append(self._form)
            case "select":
                self._select = values.get("name")
            case "option" | "input" | "button" | "textarea" if self._form is not None:
                self._take(self._form, tag, values)
            case _:
                pass

    def handle_endtag(self, tag: str) -> None:
        if self._alert_depth and tag not in _VOID:
            self._alert_depth -= 1
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._select = None

    def handle_data(self, data: str) -> None:
        if self._alert_depth:
            self.alerts[-1].append(f"{data} ")

    def _take(self, form: Form, tag: str, values: dict[str, str]) -> None:
        name = values.get("name", "")
        if tag == "option":
            self._take_option(form, values)
        elif tag == "button" or values.get("type") == "submit":
            if "disabled" not in values and values.get("type", "submit") == "submit":
                if name and not form.is_open:
                    form.fields.append((name, values.get("value", "")))
                form.is_open = True
        elif name and "disabled" not in values:
            self._take_entry(form, name, values)

    def _take_option(self, form: Form, values: dict[str, str]) -> None:
        """The selected option, or the first one."""
        if self._select is None or "disabled" in values:
            return
        if self._select not in form.names:
            form.fields.append((self._select, values.get("value", "")))
        elif "selected" in values:
            form.fields = [
                (name, values.get("value", "") if name == self._select else value) for name, value in form.fields
            ]

    @staticmethod
    def _take_entry(form: Form, name: str, values: dict[str, str]) -> None:
        """What is typed or preset; of radio buttons the checked one, or the first that can be chosen."""
        kind = values.get("type", "text")
        if kind == "checkbox" and "checked" not in values:
            return
        value = values.get("value", "on" if kind in {"checkbox", "radio"} else "")
        if kind == "radio" and name in form.names:
            if "checked" in values:
                form.fields = [(other, value if other == name else held) for other, held in form.fields]
            return
        form.fields.append((name, value))
