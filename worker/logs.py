"""structlog: events with ids and counts, never row contents, keys or connection strings."""

import logging
import re
import sys
import traceback
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import structlog

# API keys of both kinds, JWTs, and connection strings with a password in them.
_SECRET = re.compile(
    r"sb_(?:secret|publishable)_[\w-]+"
    r"|eyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?"
    r"|\w+://[^\s:/@]+:[^\s@]+@\S+"
)


def redact(text: str) -> str:
    """Replace whatever looks like a key or a connection string."""
    return _SECRET.sub("[redacted]", text)


def _redact_event(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    return {key: redact(value) if isinstance(value, str) else value for key, value in event.items()}


def where(error: BaseException) -> str:
    """Tell the lines of ours that an exception came through, innermost last.

    For crashes, instead of a traceback: an exception's text and its locals can hold rows.
    """
    frames = traceback.extract_tb(error.__traceback__)
    ours = Path(__file__).parent
    return " > ".join(
        f"{Path(frame.filename).name}:{frame.lineno}"
        for frame in frames
        if ours in Path(frame.filename).parents
    )


def configure_logs(level: str) -> None:
    """Log to standard output: JSON lines, or colours on a terminal."""
    terminal = sys.stdout.isatty()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _redact_event,
            structlog.dev.ConsoleRenderer(colors=True)
            if terminal
            else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    # The libraries' own loggers print URLs with keys (httpx) and frames with rows (realtime); what
    # matters of theirs we log ourselves, as events. asyncio's prints exceptions with their texts.
    for library in (
        "aiohttp",
        "asyncio",
        "httpx",
        "httpcore",
        "hpack",
        "realtime",
        "websockets",
        "postgrest",
    ):
        logging.getLogger(library).setLevel(logging.CRITICAL + 1)
