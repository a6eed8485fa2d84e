# What the rules catch (`ruleid`) and let pass (`ok`); no program, only examples for `semgrep --test`.


def float_money(order, rate):
    # ruleid: float-money
    float(order.total_amount)
    # ruleid: float-money
    order.payable_minor / 2
    # ruleid: float-money
    round(price, 2)
    # ok: float-money
    order.payable_minor // 2
    # ok: float-money
    took_s / 1000


async def network_in_transaction(database, stripe, shop):
    async with database.transaction("reserve") as tx:
        # ruleid: network-in-transaction
        await stripe.retrieve_payment("pi_1")
        # ruleid: network-in-transaction
        await shop.stripe.retrieve_payment("pi_1")
        # ruleid: network-in-transaction
        await send_operation(stripe, seals, operation)
        # ok: network-in-transaction
        await insert_payment(tx, payment)
    # ok: network-in-transaction
    await stripe.retrieve_payment("pi_1")


def composed_sql(connection, table, name):
    # ruleid: composed-sql
    Sql("find", "Finds.", f"SELECT * FROM {table}")
    # ruleid: composed-sql
    connection.execute("SELECT * FROM person WHERE name = '%s'" % name)
    # ruleid: composed-sql
    connection.execute("SELECT * FROM " + table)
    # ok: composed-sql
    Sql("find", "Finds.", "SELECT * FROM person")
    # ok: composed-sql
    connection.execute("SELECT * FROM person WHERE name = %s", (name,))


def personal_data_in_logs(person, order):
    # ruleid: personal-data-in-logs
    _log.info("order.placed", email=person.address_of_theirs)
    # ruleid: personal-data-in-logs
    _log.warning("order.placed", who=person.email)
    # ok: personal-data-in-logs
    _log.info("order.placed", order=order.id)
