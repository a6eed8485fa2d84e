"""What can go wrong with the embedded server, in sentences for the person who started it."""


class EmbeddedPostgresError(Exception):
    """The embedded PostgreSQL can't be found, made or started; the message ends with the last lines of its log."""


class AlreadySupervisedError(EmbeddedPostgresError):
    """Another process holds this data folder."""
