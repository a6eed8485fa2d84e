"""Ask for another e-mail address: the account has it once it is proved from there."""

from vivr.audit.record_act import record_act
from vivr.caller import Caller
from vivr.clock import Clock
from vivr.customers.account_mails import post_mail
from vivr.customers.model import MailKind, Person, normalise_email
from vivr.customers.neighbours import Neighbours
from vivr.customers.reauthenticate import reauthenticate
from vivr.database import Database
from vivr.errors import InvalidInput
from vivr.sealing import Seals


async def ask_for_address(
    database: Database,
    clock: Clock,
    seals: Seals,
    caller: Caller,
    person: Person,
    *,
    email: str,
    password: str,
    neighbours: Neighbours,
) -> None:
    """Send a link to the new address; nothing tells whether it has an account already, except to its owner, by mail.

    Raises:
        InvalidInput: ``email: email_malformed``, or ``current_password: password_wrong``.
    """
    address = normalise_email(email)
    if address is None:
        raise InvalidInput({"email": "email_malformed"})
    await reauthenticate(database, clock, caller, person.id, password)
    now = clock.now()
    async with database.transaction("ask_for_address") as tx:
        await record_act(tx, caller, now, "customer.address_change_asked", on=("person", person.id))
        await post_mail(
            tx,
            seals,
            now,
            neighbours.post,
            MailKind.CHANGE,
            email=address,
            person_id=person.id,
            locale=person.locale,
        )
