"""The command line: ``python -m worker``."""

import argparse
import asyncio
import sys
from collections.abc import Sequence

import structlog

from worker.config import load_settings
from worker.exceptions import ConfigError, DatabaseUnavailableError, RequestRefusedError
from worker.logs import configure_logs, where
from worker.service import serve

log = structlog.get_logger()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; 0 after a clean stop, 1 after a failure, 2 when it could not begin."""
    parser = argparse.ArgumentParser(prog="python -m worker", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="import what is due, until SIGTERM")
    run.add_argument("--once", action="store_true", help="import what is due now, then exit")
    options = parser.parse_args(arguments)

    try:
        settings = load_settings()
    except ConfigError as error:
        print(error, file=sys.stderr)  # noqa: T201 - there are no logs yet
        return 2
    configure_logs(settings.worker_log_level)
    # One cell of 5,000 digits must not make a whole page of records unreadable; the parsers refuse
    # it by its size, and jsonb holds at most 131,072 digits.
    sys.set_int_max_str_digits(0)
    try:
        asyncio.run(serve(settings, once=options.once))
    except (RequestRefusedError, DatabaseUnavailableError) as error:
        advice = "check SUPABASE_URL, the key, and that the migrations are applied"
        log.error("worker_refused", cause=str(error), advice=advice)  # noqa: TRY400
        return 1
    except Exception as error:  # noqa: BLE001 - a traceback would print what the exception quotes
        while isinstance(error, ExceptionGroup):
            error = error.exceptions[0]
        log.error("worker_crashed", error=type(error).__name__, where=where(error))  # noqa: TRY400
        return 1
    return 0
