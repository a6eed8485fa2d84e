"""`vivr`: mounts every command, and turns what a person can put right into a sentence and an exit code.

Exit codes: 0 done; 1 something to put right, said on standard error; 2 a wrong command line, or could not check.
A command's work is imported when it runs, so that `vivr --help` answers at once.
"""

import sys

import typer

from vivr.cli import run_parts
from vivr.cli.audit import app as audit_app
from vivr.cli.catalogue import app as catalogue_app
from vivr.cli.demo import app as demo_app
from vivr.cli.exceptions import app as exceptions_app
from vivr.cli.language import say
from vivr.cli.ledger import app as ledger_app
from vivr.cli.printing import fail, print_problems
from vivr.cli.staff import app as staff_app
from vivr.cli.webhooks import app as webhooks_app
from vivr.embedded_postgres import EmbeddedPostgresError
from vivr.errors import Unavailable
from vivr.migrate import MigrationError
from vivr.settings import SettingsError

app = typer.Typer(
    name="vivr",
    help=say("VIVR, a self-hosted shop on Stripe."),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
run_parts.mount(app)
app.add_typer(staff_app, name="staff", help=say("People who work in the back office."))
app.add_typer(catalogue_app, name="catalogue", help=say("What the shop sells."))
app.add_typer(webhooks_app, name="webhooks", help=say("What Stripe sent, and what came of it."))
app.add_typer(exceptions_app, name="exceptions", help=say("Money that does not fit, and what to do about it."))
app.add_typer(
    ledger_app, name="ledger", help=say("The books: what stands on the accounts, what was posted, whether it fits.")
)
app.add_typer(audit_app, name="audit", help=say("The audit trail's chain: whether it is unbroken, and its head."))
app.add_typer(demo_app, name="demo", help=say("A whole shop on this machine."))


def main() -> None:
    """The installed command."""
    sys.exit(run())


def run(arguments: list[str] | None = None) -> int:
    """Run one command line and give its exit code.

    Args:
        arguments: the words after ``vivr``; the process's own when None.
    """
    try:
        app(arguments)
    except SettingsError as error:
        print_problems(error.problems)
    except (EmbeddedPostgresError, MigrationError) as error:
        fail(str(error))
    except Unavailable as error:
        fail(say("{code}: can't be reached now", code=error.code))
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    return 1


if __name__ == "__main__":
    main()
