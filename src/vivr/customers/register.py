"""Make a customer's account, and enter it at once."""

from vivr.audit.record_act import record_act
from vivr.caller import Caller
from vivr.clock import Clock
from vivr.customers.accounts import AccountRequest, AccountTerms, check_account, insert_account
from vivr.customers.log_in import Entrance, TakeOver, enter_account
from vivr.customers.model import PersonKind, Session
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
    *,
    session: Session | None,
    take_over: TakeOver,
) -> Entrance:
    """Make an account and enter it; the guest session's basket and orders become the account's.

    Raises:
        InvalidInput: fields break a rule; each is named.
        VivrError: ``email_taken``; nothing changed.
    """
    account = check_account(request, terms)
    password_hash = await hash_password(account.password)
    now = clock.now()
    async with database.transaction("register") as tx:
        person = await insert_account(
            tx, seals, now, account, terms, password_hash=password_hash, kind=PersonKind.CUSTOMER, role=None
        )
        await record_act(tx, caller, now, "customer.registered", on=("person", person.id))
        return await enter_account(tx, now, person, session=session, take_over=take_over)
