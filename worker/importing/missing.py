"""What becomes of items that a file lacks: file_data.options.missing."""

import re
from typing import Literal, get_args

from worker.exceptions import JobRefusedError
from worker.importing.mode import Mode
from worker.importing.tables import Table
from worker.job import Job

# keep: nothing. zero: their quantity becomes 0, for the file holds all that the organization has.
Missing = Literal["keep", "zero"]
MISSING: tuple[Missing, ...] = get_args(Missing)

# How the CRM names the parts of a file that it cuts (docs/FRONTEND.md).
_PART = re.compile(r"_part\d+(\.\w+)?$", re.IGNORECASE)


def read_missing(job: Job, table: Table, mode: Mode) -> Missing:
    """Read what a job says of what its file lacks.

    Raises:
        JobRefusedError: there is no such choice, or this file is no full list.

    """
    given = job.options.get("missing")
    missing = "keep" if given is None else next((one for one in MISSING if one == given), None)
    if missing is None:
        raise JobRefusedError('The option "missing" must be "keep" or "zero".')
    if missing == "keep":
        return missing
    if not table.can_zero:
        raise JobRefusedError(
            f'The option "missing" is for items, for {table.noun} have no quantity. '
            "Please leave it out."
        )
    if mode == "create":
        raise JobRefusedError(
            'A job that only makes new items (the mode "create") leaves the others as they are. '
            'Please leave out the option "missing" or the mode.'
        )
    if any(_PART.search(name) for name in _names(job)):
        raise JobRefusedError(
            'The option "missing" needs a file with all items, and this is a part of one: the '
            "items in the other parts would lose their quantities. Please upload the file as a "
            "whole."
        )
    return missing


def _names(job: Job) -> list[str]:
    path = (job.source or {}).get("path")
    return [name for name in (job.file_name, path) if isinstance(name, str)]
