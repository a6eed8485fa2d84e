"""Ask somebody who is logged in, or holds a link, for the account's password once more, before what can't be undone."""

from vivr.audit.record_act import record_act
from vivr.caller import Caller
from vivr.clock import Clock
from vivr.customers import store
from vivr.customers.model import PASSWORD_LENGTH_MAX, normalise_password
from vivr.customers.passwords import verify_password
from vivr.customers.store import PersonRow
from vivr.database import Database
from vivr.errors import InvalidInput
from vivr.ids import PersonId

FIELD = "current_password"


async def reauthenticate(
    database: Database, clock: Clock, caller: Caller, person_id: PersonId, password: str
) -> PersonRow:
    """Check the password of an account.

    Raises:
        InvalidInput: ``current_password: password_wrong``; the refusal is in the audit.
    """
    async with database.transaction("find_account") as tx:
        row = await store.find_person(tx, person_id)
    typed = normalise_password(password)[: PASSWORD_LENGTH_MAX + 1]
    is_right, _ = await verify_password(typed, row.password_hash if row else None)
    if row is not None and is_right:
        return row
    async with database.transaction("refuse_password") as tx:
        await record_act(
            tx,
            caller,
            clock.now(),
            "customer.reauthenticated",
            on=("person", person_id),
            outcome="refused",
            error_code="password_wrong",
        )
    raise InvalidInput({FIELD: "password_wrong"})
