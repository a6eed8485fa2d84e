"""Make a customer's account, and enter it at once: it may buy, and owns its address when somebody proves it."""

from vivr.audit.record_act import record_act
from vivr.caller import Caller
from vivr.clock import Clock
from vivr.customers.account_mails import post_mail_to
from vivr.customers.accounts import AccountRequest, AccountTerms, check_account, insert_account
from vivr.customers.log_in import Arrival, Entrance, enter_account
from vivr.customers.model import MailKind, PersonKind
from vivr.customers.neighbours import Neighbours
from vivr.customers.passwords import hash_password
from vivr.database import Database
from vivr.sealing import Seals


async def register(
    database: Database,
    clock: Clock,
    seals: Seals,
    caller: Caller,
    terms: AccountTerms,
    request: AccountRequest,
    arrival: Arrival,
    neighbours: Neighbours,
) -> Entrance:
    """Make an account and enter it; the guest session's basket and orders become the account's.

    Nothing here depends on whether the address has an account: who owns it is told by mail, when the mail is written.

    Raises:
        InvalidInput: fields break a rule; each is named.
    """
    account = check_account(request, terms)
    password_hash = await hash_password(account.password)
    now = clock.now()
    async with database.transaction("register") as tx:
        person = await insert_account(
            tx,
            seals,
            now,
            account,
            terms,
            password_hash=password_hash,
            kind=PersonKind.CUSTOMER,
            role=None,
            is_confirmed=False,
        )
        await record_act(tx, caller, now, "customer.registered", on=("person", person.id))
        await post_mail_to(tx, seals, now, neighbours.post, MailKind.CONFIRM, person)
        return await enter_account(tx, now, person, arrival, neighbours.take_over)
