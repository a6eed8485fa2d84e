"""A PostgreSQL of our own for a laptop or a demo, used when no ``DATABASE_URL`` is set.

``binaries`` finds PostgreSQL's programs, ``footing`` decides as whom and where they run (PostgreSQL refuses root),
``cluster`` knows the files of a data folder, ``launcher`` becomes the server and dies with its parent, and
``supervisor`` starts, watches and stops it. ``temporary`` is the fast, forgetful kind for tests.
"""

from vivr.embedded_postgres.failures import AlreadySupervisedError, EmbeddedPostgresError
from vivr.embedded_postgres.supervisor import EmbeddedPostgres, running_cluster_url
from vivr.embedded_postgres.temporary import temporary_cluster

__all__ = [
    "AlreadySupervisedError",
    "EmbeddedPostgres",
    "EmbeddedPostgresError",
    "running_cluster_url",
    "temporary_cluster",
]
