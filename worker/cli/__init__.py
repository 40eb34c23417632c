"""The command line: ``python -m worker``."""

import argparse
import asyncio
import gc
import json
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

import structlog
from rich.console import Console

from worker.cli.console import console
from worker.cli.doctor import doctor
from worker.cli.duplicates import add_duplicates, duplicates
from worker.cli.export import Export, export
from worker.cli.following import job_id
from worker.cli.health import health
from worker.cli.import_file import FAILED, Upload, import_file
from worker.cli.jobs import add_jobs, jobs
from worker.cli.notifications import add_notifications, notifications
from worker.cli.prune import prune_now
from worker.cli.report import add_report, report
from worker.cli.stats import stats
from worker.cli.templates import REFUSED, add_command, templates, wish_of
from worker.cli.undo import FAILED as UNDO_FAILED
from worker.cli.undo import undo
from worker.config import Settings, load_console_settings, load_settings
from worker.exceptions import ConfigError, DatabaseUnavailableError, RequestRefusedError
from worker.exporting.entities import ENTITIES
from worker.exporting.options import FORMATS
from worker.importing.missing import MISSING
from worker.importing.mode import MODES
from worker.importing.tables import TABLES
from worker.logs import configure_logs, where
from worker.service import serve

log = structlog.get_logger()

_DESCRIPTION = "Import what dealers upload into a ProSpaces CRM, and all that belongs to it."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; its exit code.

    run: 0 after a clean stop, 1 after a failure, 2 when it could not begin.
    import: 0 when every row is in, 1 when some were refused, 2 when the import failed; 0 after a
        preview.
    templates: 0 when it is done, 2 when it is not.
    undo: 0 when everything is as it was, 1 when some was kept, 2 when the undo failed.
    export: 0 when the file is here, 2 when the export failed.
    prune, duplicates: 0 when it is done, 1 when it is not.
    doctor: 0 when nothing is wrong, 1 when something is, 2 when it could not look.
    stats: 0, 2 when it could not ask.
    report: 0 when it is written, 1 when a picture cannot be drawn, 2 when it could not ask.
    jobs: 0 when it is done, 1 when the job is in no state for it, 2 when it could not ask.
    console: 0 after a clean stop, 2 when it could not begin.
    notifications: 0 when it is done, 1 when it is not, 2 when it could not ask.
    health: 0 when a worker of this machine lives and none hangs, else 1.
    """
    options = _parser().parse_args(arguments)
    if options.command == "health":
        return health()
    if options.command == "doctor":
        configure_logs("error")
        told = doctor(Console(), setup_only=options.setup, in_json=options.json)
        return _ended(told, failure=2)
    try:
        if options.command == "console":
            return _ended(_console(options), failure=2)
        settings = load_settings()
    except ConfigError as error:
        print(error, file=sys.stderr)  # noqa: T201 - there are no logs yet
        return 2
    # Who asks in a terminal reads the answer, not the log.
    asks = options.command in {"jobs", "notifications", "stats", "report"}
    configure_logs("warning" if asks else settings.worker_log_level)
    # One cell of 5,000 digits must not make a whole page of records unreadable; the parsers refuse
    # it by its size, and jsonb holds at most 131,072 digits.
    sys.set_int_max_str_digits(0)
    command, failure = _command(settings, options)
    return _ended(command, failure)


def _command(
    settings: Settings, options: argparse.Namespace
) -> tuple[Coroutine[Any, Any, int], int]:
    """Give what was asked for, and its exit code after a failure."""
    shown = Console()
    asked: dict[str, Callable[[], tuple[Coroutine[Any, Any, int], int]]] = {
        "import": lambda: (import_file(settings, _upload(options), shown), FAILED),
        "templates": lambda: (templates(settings, wish_of(options), shown), REFUSED),
        "undo": lambda: (
            undo(settings, options.jobs, shown, dry_run=options.dry_run),
            UNDO_FAILED,
        ),
        "export": lambda: (export(settings, _export(options), shown), FAILED),
        "duplicates": lambda: (duplicates(settings, options, shown), 1),
        "prune": lambda: (prune_now(settings, shown, dry_run=options.dry_run), 1),
        "jobs": lambda: (jobs(settings, options, shown), 2),
        "report": lambda: (report(settings, options, shown), 2),
        "notifications": lambda: (notifications(settings, options, shown), 2),
        "stats": lambda: (stats(settings, shown, in_json=options.json), 2),
        "run": lambda: (_run(settings, once=options.once), 1),
    }
    return asked[options.command]()


async def _run(settings: Settings, *, once: bool) -> int:
    # Rows are many small objects without cycles: the collector's looks at them took 8 % of an
    # import, and what was imported at the start need not be looked at again.
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
    await serve(settings, once=once)
    return 0


def _console(options: argparse.Namespace) -> Coroutine[Any, Any, int]:
    settings = load_console_settings()
    configure_logs("error")
    return console(settings, Console(), port=options.port, directory=options.write)


def _ended(command: Coroutine[Any, Any, int], failure: int) -> int:
    """Run a command to its end; its exit code, or failure with the reason in the log."""
    try:
        return asyncio.run(command)
    except (RequestRefusedError, DatabaseUnavailableError) as error:
        advice = "check SUPABASE_URL, the key, and that the migrations are applied"
        log.error("worker_refused", cause=str(error), advice=advice)  # noqa: TRY400
    except KeyboardInterrupt:
        log.info("command_left", advice="a job that was inserted goes on by itself")
    except Exception as error:  # noqa: BLE001 - a traceback would print what the exception quotes
        while isinstance(error, ExceptionGroup):
            error = error.exceptions[0]
        log.error("worker_crashed", error=type(error).__name__, where=where(error))  # noqa: TRY400
    return failure


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m worker", description=_DESCRIPTION)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="do what is due: imports, exports, undos; until SIGTERM")
    run.add_argument("--once", action="store_true", help="do what is due now, then exit")

    prune = commands.add_parser("prune", help="remove what is older than the settings say")
    prune.add_argument("--dry-run", action="store_true", help="say what would go, remove nothing")
    add_duplicates(commands)

    add_jobs(commands)
    add_notifications(commands)
    told = commands.add_parser("stats", help="how imports went today and in seven days")
    told.add_argument("--json", action="store_true", help="for programs")
    add_report(commands)
    seen = commands.add_parser("doctor", help="say what is wrong, and the command that mends it")
    seen.add_argument(
        "--setup", action="store_true", help="only whether a worker could work: for a release"
    )
    seen.add_argument("--json", action="store_true", help="for programs")
    commands.add_parser("health", help="say whether the worker of this machine is alive")
    page = commands.add_parser("console", help="serve the page here, or write it for a host")
    page.add_argument("--port", type=int, default=8100, help="%(default)s; 0: a free one")
    page.add_argument("--write", type=Path, metavar="DIR", help="for a host of static files")

    upload = commands.add_parser("import", help="upload a file and have a worker import it")
    upload.add_argument(
        "file", type=_file, help="CSV, TSV, a workbook, HTML, XML, JSON, or one of them in a ZIP"
    )
    upload.add_argument("--organization", required=True, metavar="ORG", help="whose rows they are")
    upload.add_argument(
        "--data-type", choices=TABLES, default="inventory", help="%(default)s unless given"
    )
    upload.add_argument(
        "--mapping",
        type=_object,
        metavar="JSON",
        help='column → field, as \'{"Item no.": "sku"}\'; without it the names decide',
    )
    upload.add_argument("--template", metavar="NAME", help="a mapping that was kept under a name")
    upload.add_argument("--mode", choices=MODES, help="only update, only create; upsert: both")
    upload.add_argument(
        "--missing", choices=MISSING, help="zero: a full list, what it lacks gets the quantity 0"
    )
    upload.add_argument("--guards", choices=("on", "off"), help="off: import it in spite of them")
    upload.add_argument(
        "--dry-run", action="store_true", help="a rehearsal: say what would change, write nothing"
    )
    upload.add_argument(
        "--preview", action="store_true", help="say what the columns would be, show the first rows"
    )
    upload.add_argument("--sheet", help="of a workbook; else the first with what is needed")
    upload.add_argument("--delimiter", help="between columns of a text; else found out")
    upload.add_argument("--encoding", help="of a text; else found out")
    upload.add_argument(
        "--header-row", type=int, help="the row with the columns' names, 0: none; else found out"
    )
    add_command(commands)

    back = commands.add_parser("undo", help="take imports back, except what was changed since")
    back.add_argument("jobs", type=job_id, nargs="+", metavar="JOB", help="an import's id")
    back.add_argument(
        "--dry-run", action="store_true", help="a rehearsal: say what would go back, write nothing"
    )

    download = commands.add_parser("export", help="have a worker export a table, and download it")
    download.add_argument(
        "--organization", required=True, metavar="ORG", help="whose rows they are"
    )
    download.add_argument(
        "--data-type", choices=TABLES, default="inventory", help="%(default)s unless given"
    )
    download.add_argument("--entity", choices=ENTITIES, help="quotes; else as the data type")
    download.add_argument("--format", choices=FORMATS, help="csv unless given")
    download.add_argument("--template", metavar="ID", help="of the format custom")
    download.add_argument(
        "--filter",
        type=_object,
        metavar="JSON",
        help='which rows, as \'{"category": "Paint", "in_stock": true}\'',
    )
    download.add_argument(
        "--output", type=Path, metavar="FILE", help="else here, named as in Storage"
    )
    return parser


def _upload(options: argparse.Namespace) -> Upload:
    names = (
        *("template", "mode", "missing", "guards", "sheet", "delimiter", "encoding", "header_row"),
        *("dry_run", "preview"),
    )
    said = {name: said for name in names if (said := getattr(options, name)) not in {None, False}}
    return Upload(options.file, options.organization, options.data_type, options.mapping, said)


def _export(options: argparse.Namespace) -> Export:
    asked = {
        "entity": options.entity,
        "format": options.format,
        "templateId": options.template,
        "filter": options.filter,
    }
    said = {name: value for name, value in asked.items() if value is not None}
    return Export(options.organization, options.data_type, said, options.output)


def _file(argument: str) -> Path:
    path = Path(argument)
    if not path.is_file():
        raise argparse.ArgumentTypeError(f"there is no file {argument}")
    return path


def _object(argument: str) -> dict[str, Any]:
    try:
        value = json.loads(argument)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError("this is no JSON object")
    return value
