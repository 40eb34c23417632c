"""What can end a run early. Each class's docstring says what happened and what follows."""

from collections.abc import Iterator


class ImportWorkerError(Exception):
    """Base of everything below."""


class ConfigError(ImportWorkerError):
    """A setting is missing or wrong. The text names each one and says what to set."""


class JobRefusedError(ImportWorkerError):
    """The job cannot be imported as it is. The text tells its owner why; the job fails with it."""


class JobCancelledError(ImportWorkerError):
    """A user cancelled the job. What landed stays; the run is closed as cancelled."""


class StopRequestedError(ImportWorkerError):
    """The worker is shutting down. What is in flight lands; the rest of the job is released."""


class RunLostError(ImportWorkerError):
    """The run is over: another worker has the job, or it was deleted. Drop it, write nothing."""


class DatabaseUnavailableError(ImportWorkerError):
    """The database did not answer in spite of retries. The job is released, to be tried later."""


class RequestRefusedError(ImportWorkerError):
    """The database refused a call for good (revoked key, missing function). Retrying is useless."""


class KeywordsNeededError(ImportWorkerError):
    """Rows that came without search keywords need them. Nothing was applied; send all of them."""


class DuplicateRefusedError(ImportWorkerError):
    """A duplicate cannot be treated as asked. The text tells the operator why; nothing was done."""


# When several things go wrong at once, the first of these decides how the run ends.
_GRAVITY = (
    RunLostError,
    JobCancelledError,
    JobRefusedError,
    RequestRefusedError,
    Exception,  # a bug
    StopRequestedError,
    DatabaseUnavailableError,
)


def gravest(errors: BaseExceptionGroup[Exception]) -> Exception:
    """Choose, of several things that went wrong at once, the one that decides how a run ends."""
    return min(_leaves(errors), key=lambda error: _rank(type(error)))


def _rank(kind: type[Exception]) -> int:
    return _GRAVITY.index(kind) if kind in _GRAVITY else _GRAVITY.index(Exception)


def _leaves(error: BaseException) -> Iterator[Exception]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    elif isinstance(error, Exception):
        yield error
