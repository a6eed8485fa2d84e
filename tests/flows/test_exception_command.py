"""`vivr exceptions`: what it lists and explains, and that a word at the terminal names somebody of staff."""

import pytest

from command_kit import vivr
from exception_kit import late_money, refunds_at_stripe, the_exception
from money_probe import nothing_changes
from shop_kit import WORKER, Kit
from vivr.cli.language import own_locale
from vivr.customers.accounts import AccountRequest
from vivr.customers.staff import add_staff
from vivr.web.accounts import account_terms


async def test_the_command_explains_and_resolves_by_name(
    kit: Kit, shell: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    del shell
    await late_money(kit)
    held = await the_exception(kit)
    shop = kit.shop
    request = AccountRequest("lou@example.com", "bleu-de-travail-7", "Lou", "fr")
    person = await add_staff(
        shop.database, shop.clock, shop.seals, WORKER, account_terms(shop.settings), request, role="support"
    )
    capsys.readouterr()
    assert await vivr("exceptions", "list") == 0
    assert held.id in capsys.readouterr().out
    assert await vivr("exceptions", "show", held.id) == 0
    said = capsys.readouterr().out
    story = {
        "fr": "La commande a été annulée avant l’arrivée de l’argent",
        "en": "The order was cancelled before the money came",
    }
    assert story[own_locale()] in said
    async with nothing_changes(kit):
        assert await vivr("exceptions", "resolve", held.id, "--by", "nobody@example.com", "--give-back") == 1
        assert await vivr("exceptions", "resolve", held.id, "--by", "lou@example.com") == 2
        assert await vivr("exceptions", "resolve", held.id, "--by", "lou@example.com", "--acknowledge", "no") == 1
        assert await vivr("exceptions", "show", "exc_nothing") == 1
    for _ in range(2):
        assert await vivr("exceptions", "resolve", held.id, "--by", "LOU@example.com", "--give-back") == 0
    given = await the_exception(kit)
    assert (given.resolution, given.resolved_by) == ("refunded", f"staff:{person.id}")
    assert len(await refunds_at_stripe(kit, held.object_id)) == 1
    capsys.readouterr()
    assert await vivr("exceptions", "list", "--resolved") == 0
    assert held.id in capsys.readouterr().out
