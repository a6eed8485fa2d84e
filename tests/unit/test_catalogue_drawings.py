"""SVG drawings: written anew from an allow-list; what could run, load or reach out is gone or refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vivr.catalogue.drawings import DrawingRefusedError, sanitise_svg

OPEN = '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="20">'


def kept(inside: str) -> str:
    text = sanitise_svg(
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'width="10" height="20">{inside}</svg>'.encode()
    ).text
    assert text.startswith(OPEN)
    return text.removeprefix(OPEN).removesuffix("</svg>")


def test_ordinary_drawing_stays_as_it_is() -> None:
    inside = (
        '<defs><linearGradient id="a"><stop offset="0" stop-color="#fff"></stop></linearGradient></defs>'
        '<g transform="translate(1 2)" fill="url(#a)"><path d="M0 0L1 1z" style="fill:#123;stroke:none"></path></g>'
        "<title>Un bol &amp; un plat</title>"
    )
    assert kept(inside) == inside


@pytest.mark.parametrize(
    ("inside", "left"),
    [
        ("<script>alert(1)</script>", ""),
        ("<g><script><![CDATA[alert(1)]]></script></g>", "<g></g>"),
        ('<rect onload="alert(1)" onclick="x" width="1"/>', '<rect width="1"></rect>'),
        ('<foreignObject><body xmlns="http://www.w3.org/1999/xhtml"><p>x</p></body></foreignObject>', ""),
        ("<style>@import url(//evil.example)</style>", ""),
        ('<image href="https://evil.example/a.png"/>', ""),
        ('<a href="javascript:alert(1)"><rect width="1"/></a>', ""),
        ('<use href="https://evil.example/a.svg#b"/>', "<use></use>"),
        ('<use xlink:href="#b"/>', '<use href="#b"></use>'),
        ('<use xlink:href="data:image/svg+xml,x"/>', "<use></use>"),
        ('<rect fill="url(https://evil.example/a#b)"/>', "<rect></rect>"),
        ('<rect style="fill:url( //evil.example )"/>', "<rect></rect>"),
        ('<rect style="fill:u\\72l(//evil.example)"/>', "<rect></rect>"),
        ('<rect style="background-image:image-set(x)"/>', "<rect></rect>"),
        ("<rect style=\"@import 'x'\"/>", "<rect></rect>"),
        ('<set attributeName="href" to="javascript:x"/>', ""),
        ('<animate attributeName="x"/>', ""),
        ('<x:script xmlns:x="http://www.w3.org/2000/svg">alert(1)</x:script>', ""),
        ('<h:script xmlns:h="http://www.w3.org/1999/xhtml">alert(1)</h:script>', ""),
        ("<?xml-stylesheet href='//evil.example'?><!-- note -->", ""),
        ("<text>&lt;script&gt;</text>", "<text>&lt;script&gt;</text>"),
        ('<rect id="&quot;&gt;&lt;script&gt;"/>', "<rect></rect>"),
    ],
)
def test_what_could_run_or_reach_out_is_gone(inside: str, left: str) -> None:
    assert kept(inside) == left


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('<!DOCTYPE svg [<!ENTITY a "b">]><svg xmlns="http://www.w3.org/2000/svg">&a;</svg>', "document type"),
        ('<!DOCTYPE svg SYSTEM "file:///etc/passwd"><svg/>', "document type"),
        ("<svg", "well-formed"),
        ("<svg>&undefined;</svg>", "well-formed"),
        ("<svg/><svg/>", "well-formed"),
        ("", "well-formed"),
        ("<html/>", "root"),
        ('<svg xmlns="http://example.org"/>', "root"),
        ("<svg/>", "viewBox"),
        ('<svg width="0" height="10"/>', "viewBox"),
        ('<svg width="100%" height="100%"/>', "viewBox"),
        ('<svg viewBox="0 0 99999999 10"/>', "viewBox"),
        ("<svg width='1' height='1'>" + "<g>" * 80 + "</g>" * 80 + "</svg>", "deep"),
        ("<svg width='1' height='1'>" + "<x>" * 80 + "</x>" * 80 + "</svg>", "deep"),
    ],
)
def test_what_is_no_plain_drawing_is_refused(text: str, reason: str) -> None:
    with pytest.raises(DrawingRefusedError, match=reason):
        sanitise_svg(text.encode())


def test_declared_encoding_is_not_believed() -> None:
    with pytest.raises(DrawingRefusedError, match="UTF-8"):
        sanitise_svg('<?xml version="1.0" encoding="UTF-16"?><svg width="1" height="1"/>'.encode("utf-16"))
    text = "<?xml version='1.0' encoding='iso-8859-1'?><svg width='1' height='1'><title>é</title></svg>"
    assert "<title>é</title>" in sanitise_svg(text.encode()).text


@pytest.mark.parametrize(
    ("root", "size"),
    [
        ('width="10" height="20"', (10, 20)),
        ('width="10px" height="20.4px" viewBox="0 0 1 1"', (10, 20)),
        ('viewBox="0 0 24 12"', (24, 12)),
        ('width="100%" height="5" viewBox="-1,-1,24.0,1e1"', (24, 10)),
    ],
)
def test_size_is_the_roots_own_or_that_of_its_view_box(root: str, size: tuple[int, int]) -> None:
    drawing = sanitise_svg(f"<svg {root}/>".encode())
    assert (drawing.width, drawing.height) == size


@settings(deadline=None)
@given(st.text(alphabet="<>/=\"' :#svgcriptuselonadhref&;!-[]0", max_size=120))
def test_no_text_breaks_the_reader_and_none_lets_a_script_through(text: str) -> None:
    try:
        drawing = sanitise_svg(f"{OPEN}{text}</svg>".encode())
    except DrawingRefusedError:
        return
    assert "<script" not in drawing.text
    assert sanitise_svg(drawing.text.encode()) == drawing
