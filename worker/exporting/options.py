"""What an export is asked for: file_data.export_options, as the CRM and the command write it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, get_args

from worker.exceptions import JobRefusedError
from worker.exporting.entities import ENTITIES, Entity
from worker.job import Job

FormatName = Literal["csv", "tsv", "xlsx", "xml", "custom"]
FORMATS: tuple[FormatName, ...] = get_args(FormatName)

# Of a file's name, what every system takes, and Storage too.
_LONGEST_NAME = 100
_UNFIT = re.compile(r"[^A-Za-z0-9_.-]+")
_ENDING = re.compile(r"\.[A-Za-z0-9]{1,8}\Z")


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What to export, and how."""

    entity: Entity
    format: FormatName
    # Of a custom export.
    template_id: str | None
    # As begin_export takes them: "category", "changed_since", "in_stock", those that were given.
    filters: Mapping[str, object]


def read_options(job: Job) -> ExportOptions:
    """Read what a job asks for; what it does not know it refuses, for another file would come.

    Raises:
        JobRefusedError: it names something that is not there.

    """
    options = {key: value for key, value in job.options.items() if value is not None}
    unknown = sorted(options.keys() - {"entity", "format", "templateId", "filter"})
    if unknown:
        raise JobRefusedError(f'There is no export option "{unknown[0]}".')
    entity = ENTITIES.get(str(options.get("entity", job.data_type)))
    if entity is None or entity.name not in {job.data_type, "quotes"}:
        raise JobRefusedError(
            'The export option "entity" must be "quotes", or what the job is of: '
            f'"{job.data_type}".'
        )
    given = options.get("format", "csv")
    form = next((known for known in FORMATS if known == given), None)
    if form is None:
        raise JobRefusedError(f'The export option "format" must be one of {", ".join(FORMATS)}.')
    template_id = options.get("templateId")
    if form == "custom" and not (isinstance(template_id, str) and template_id):
        raise JobRefusedError('A custom export needs the export option "templateId".')
    filters = _read_filters(options.get("filter", {}), entity)
    return ExportOptions(entity, form, str(template_id) if form == "custom" else None, filters)


def file_name(job: Job, entity: Entity, ending: str) -> str:
    """Name the file as its owner does, in characters that go everywhere, with its format's ending.

    Args:
        job: whose file it is.
        entity: what is in it.
        ending: of its format, without the point.

    """
    name = _ENDING.sub("", (job.file_name or "").strip())
    name = _UNFIT.sub("_", name)[:_LONGEST_NAME].strip("._")
    return f"{name or f'{entity.name}_export'}.{ending}"


def _read_filters(given: object, entity: Entity) -> dict[str, object]:
    if not isinstance(given, dict):
        raise JobRefusedError('The export option "filter" must be an object.')
    filters: dict[str, object] = {}
    for key, value in given.items():
        read = _FILTERS.get(key)
        if read is None:
            raise JobRefusedError(f'There is no filter "{key}"; there are {", ".join(_FILTERS)}.')
        if key != "changed_since" and entity.name != "inventory":
            raise JobRefusedError(f'The filter "{key}" is for inventory only.')
        filters[key] = read(value)
    return filters


def _read_category(value: object) -> list[str]:
    given = value if isinstance(value, list) else [value]
    categories = [category for category in given if isinstance(category, str)]
    if len(categories) < len(given):
        raise JobRefusedError('The filter "category" must be a text, or a list of texts.')
    return categories


def _read_changed_since(value: object) -> str:
    try:
        moment = datetime.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        raise JobRefusedError(
            'The filter "changed_since" must be a date or a time like 2026-03-25 or '
            "2026-03-25T08:00:00-04:00."
        ) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()


def _read_in_stock(value: object) -> bool:
    if not isinstance(value, bool):
        raise JobRefusedError('The filter "in_stock" must be true or false.')
    return value


_FILTERS = {
    "category": _read_category,
    "changed_since": _read_changed_since,
    "in_stock": _read_in_stock,
}
