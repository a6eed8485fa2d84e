"""One migrated database for all rules that only read the schema."""

from collections.abc import Generator

import psycopg
import pytest
from psycopg import sql

from cluster import database_at


@pytest.fixture(scope="session")
def schema(cluster_url: str, template_url: str) -> Generator[psycopg.Connection]:
    """A connection to a migrated, empty database; nobody writes to it."""
    name = f"{template_url}_schema"
    with psycopg.connect(cluster_url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template_url))
        )
    with psycopg.connect(database_at(cluster_url, name), autocommit=True) as opened:
        yield opened
