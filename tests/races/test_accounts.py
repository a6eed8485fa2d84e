"""Two at the same moment: one address has one owner, and one link works once."""

from account_kit import OTHER_PASSWORD, PASSWORD, Accounts
from races.test_simultaneous import at_once
from shop_kit import Kit
from vivr.customers.model import MailKind


async def test_of_two_who_prove_one_address_at_once_one_owns_it(kit: Kit, second: Kit) -> None:
    here, there = Accounts(kit.shop), Accounts(second.shop)
    first = await here.register()
    first_link = await here.token()
    other = await there.register(password=OTHER_PASSWORD)
    other_link = await there.token()
    assert first_link != other_link
    done, refused = await at_once(
        [
            here.prove(first_link, session=first.opened.session),
            there.prove(other_link, session=other.opened.session),
        ]
    )
    assert (len(done), refused) == (1, {"address_owned": 1})
    assert await kit.count("SELECT count(*) FROM person WHERE confirmed_at IS NOT NULL") == 1


async def test_a_link_that_is_used_twice_at_once_works_once(kit: Kit, second: Kit) -> None:
    here, there = Accounts(kit.shop), Accounts(second.shop)
    await here.owner()
    await here.ask_for_reset()
    link = await here.token(MailKind.RESET)
    done, refused = await at_once([here.reset(link), there.reset(link, "galet-plume-vert")])
    assert (len(done), refused) == (1, {"link_expired": 1})
    assert await kit.count("SELECT count(*) FROM account_mail WHERE kind = 'password_changed'") == 1


async def test_a_proof_that_is_pressed_twice_at_once_counts_once(kit: Kit, second: Kit) -> None:
    here, there = Accounts(kit.shop), Accounts(second.shop)
    made = await here.register()
    link = await here.token()
    done, refused = await at_once([here.prove(link, session=made.opened.session), there.prove(link, password=PASSWORD)])
    assert (len(done), refused) == (1, {"link_expired": 1})
