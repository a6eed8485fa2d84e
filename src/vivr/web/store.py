"""All SQL of the web's own: which migrations the database has."""

from dataclasses import dataclass

from vivr.database import Sql, Tx

_APPLIED = Sql("applied_migrations", "What the schema was made of.", "SELECT name, digest FROM schema_migration")


@dataclass(frozen=True, slots=True)
class AppliedMigration:
    """One migration file that was applied, and its SHA-256."""

    name: str
    digest: str


async def applied_migrations(tx: Tx) -> dict[str, str]:
    """Name -> digest of every migration that was applied."""
    return {row.name: row.digest for row in await tx.rows(_APPLIED, AppliedMigration)}
