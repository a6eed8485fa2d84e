"""People: what an e-mail address and a password must be, and who owns what is done in a session."""

import pytest

from vivr.customers.model import (
    PersonKind,
    Session,
    coarse_device,
    normalise_email,
    own_words,
    password_problem,
    text_problem,
)
from vivr.customers.password_rules import judge_password
from vivr.ids import PersonId, SessionId


@pytest.mark.parametrize(
    ("text", "email"),
    [
        ("anna@example.com", "anna@example.com"),
        ("  Anna.Martin+shop@Example.COM ", "anna.martin+shop@example.com"),
        ("anna@exämple.fr", "anna@xn--exmple-cua.fr"),
        ("anna@EXÄMPLE.fr", "anna@xn--exmple-cua.fr"),
        ("re\u0301mi@example.com", "rémi@example.com"),
        ("o'neil@example.co.uk", "o'neil@example.co.uk"),
        ("straße@example.de", "strasse@example.de"),
    ],
)
def test_an_address_has_one_form(text: str, email: str) -> None:
    assert normalise_email(text) == email
    assert normalise_email(email) == email


@pytest.mark.parametrize(
    "text",
    [
        "",
        "anna",
        "@example.com",
        "anna@",
        "anna@example",
        "anna@localhost",
        "anna@127.0.0.1",
        "anna@[127.0.0.1]",
        "anna@@example.com",
        "anna martin@example.com",
        "anna@exam ple.com",
        "anna@example.com\nBcc: eve@example.com",
        "anna\r@example.com",
        "anna\0@example.com",
        "<anna@example.com>",
        "anna@example.com, eve@example.com",
        ".anna@example.com",
        "anna.@example.com",
        "an..na@example.com",
        "anna@example..com",
        "anna@-example.com",
        "anna\u202e@example.com",
        "x" * 65 + "@example.com",
        "anna@" + "x" * 64 + ".com",
        "anna@" + "x." * 126 + "com",
    ],
)
def test_what_mail_can_not_reach_is_no_address(text: str) -> None:
    assert normalise_email(text) is None


@pytest.mark.parametrize(
    ("password", "problem"),
    [
        ("", "password_too_short"),
        ("x" * 9, "password_too_short"),
        ("a b c d e f", None),
        ("correct horse", None),
        ("é" * 5 + "a" * 5, None),
        ("aaaaaaaaaa", "password_guessable"),
        ("Anna.Martin", "password_guessable"),
        ("anna.martin@example.com", "password_guessable"),
        ("MAISON BLEUE", "password_guessable"),
        ("x1" * 128, None),
        ("anna maison bleue vert", None),
        ("x1" * 128 + "x", "password_too_long"),
    ],
)
def test_a_password_is_long_and_not_guessable(password: str, problem: str | None) -> None:
    words = own_words(("anna.martin@example.com", "Maison Bleue"))
    assert words == {"anna", "martin", "example", "com", "maison", "bleue"}
    assert password_problem(password, words) == problem


@pytest.mark.parametrize(
    ("password", "problem"),
    [
        ("corail-lune-42", None),
        ("lune de miel bleue", None),
        ("motdepasse123", "password_common"),
        ("azertyuiop", "password_common"),
        ("soleil1234", "password_common"),
        ("qwertyuiop12", "password_common"),
        ("annamartin69", "password_guessable"),
        ("Maison-Bleue-2026!", "password_guessable"),
        ("x1" * 128, "password_common"),
    ],
)
def test_what_is_soon_guessed_is_refused(password: str, problem: str | None) -> None:
    found = judge_password(password, email="anna.martin@example.com", name="Anna Martin", shop_name="Maison Bleue")
    assert found == problem


@pytest.mark.parametrize(
    ("user_agent", "device"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0", "Firefox, Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge, Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/604.1", "Safari, iPhone"),
        ("Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36", "Chrome, Android"),
        ("curl/8.0", ""),
        ("<script>" * 100, ""),
    ],
)
def test_a_device_is_named_coarsely(user_agent: str, device: str) -> None:
    assert coarse_device(user_agent) == device


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Anna", None),
        ("Zoë d’Œuvre-Ñandú 王", None),
        ("", "required"),
        (" \u00a0", "required"),
        ("x" * 20, None),
        ("x" * 21, "too_long"),
        ("a\tb", "control_characters"),
        ("a\u2028b", "control_characters"),
        ("a\u0085b", "control_characters"),
        ("a\ud800b", "control_characters"),
    ],
)
def test_a_line_of_text_is_short_and_printable(text: str, problem: str | None) -> None:
    assert text_problem(text, length_max=20) == problem


def test_a_line_that_is_not_required_may_be_empty() -> None:
    assert text_problem("", length_max=20, required=False) is None


@pytest.mark.parametrize(
    ("session", "principal", "role"),
    [
        (Session(SessionId("ses_1"), None, None, None), "guest:ses_1", "guest"),
        (Session(SessionId("ses_1"), PersonId("per_1"), PersonKind.CUSTOMER, None), "customer:per_1", "customer"),
        (Session(SessionId("ses_1"), PersonId("per_1"), PersonKind.STAFF, "finance"), "staff:per_1", "finance"),
    ],
)
def test_a_session_belongs_to_a_principal_with_a_role(session: Session, principal: str, role: str) -> None:
    assert (session.principal, session.role) == (principal, role)
