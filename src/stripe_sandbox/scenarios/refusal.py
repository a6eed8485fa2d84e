"""How a control refuses, wherever below it the reason was found."""

NOT_FOUND = 404
CONFLICT = 409


class Refused(Exception):  # noqa: N818 - a refusal is an answer, not a failure
    """A control call that cannot be done, with its HTTP status."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status
