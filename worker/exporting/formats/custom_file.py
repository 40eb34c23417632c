"""Files as a template of organization_settings.export_templates says: docs/EXPORTING.md."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Self

from worker.exceptions import JobRefusedError
from worker.exporting.entities import Entity

_ENDING = re.compile(r"[A-Za-z0-9]{1,8}")
_BREAKS = re.compile(r"\r\n|[\n\v\f\r\x85\u2028\u2029]")
# Characters of a line: a position beyond is a typing error.
_WIDEST = 10_000


@dataclass(frozen=True, slots=True)
class _Field:
    """One field of a line."""

    # The column, or None for a text that is the same in all lines.
    key: str | None
    text: str
    label: str
    # 1-based, of a fixed layout.
    start: int
    length: int
    is_right: bool
    pad: str


@dataclass(frozen=True, slots=True)
class Template:
    """How the lines of a file are built."""

    is_fixed: bool
    delimiter: str
    header_lines: tuple[str, ...]
    fields: tuple[_Field, ...]
    has_column_names: bool
    # How the file's name ends, without the point.
    ending: str

    @classmethod
    def from_json(cls, template: Mapping[str, Any], entity: Entity) -> Self:
        """Read a template; older ones have their names in camelCase.

        Raises:
            JobRefusedError: it cannot be used; the text says what is wrong with it.

        """
        if template.get("enabled") is False:
            raise JobRefusedError("The export template is switched off.")
        layout = _get(template, "layout_mode") or "delimited"
        if layout not in {"fixed", "delimited"}:
            raise _wrong('its layout must be "fixed" or "delimited"')
        lines = _get(template, "header_lines") or []
        fields = _get(template, "detail_fields") or []
        if not isinstance(lines, list) or not isinstance(fields, list) or not fields:
            raise _wrong("it has no fields")
        read = [_field(field, entity, is_fixed=layout == "fixed") for field in fields]
        if layout == "fixed":
            read.sort(key=lambda field: field.start)
        ending = str(_get(template, "file_extension") or "txt").strip().lstrip(".")
        if not _ENDING.fullmatch(ending):
            raise _wrong("its file extension cannot be used")
        return cls(
            is_fixed=layout == "fixed",
            delimiter=str(template.get("delimiter") or "|"),
            header_lines=tuple(map(str, lines)),
            fields=tuple(read),
            has_column_names=layout == "delimited"
            and _get(template, "include_column_headers") is not False,
            ending=ending,
        )


class CustomWriter:
    """A file of lines, without one at the end that is empty."""

    def __init__(self, path: Path, entity: Entity, template: Template) -> None:
        self.notes: list[str] = []
        self._template = template
        self._names = [column.name for column in entity.columns]
        self._with_delimiter = 0
        self._cut = 0
        self._file = path.open("w", encoding="utf-8", newline="\n")
        labels = [template.delimiter.join(field.label for field in template.fields)]
        lines = chain(template.header_lines, labels if template.has_column_names else [])
        self._file.write("\n".join(lines))
        self._is_empty = not template.header_lines and not template.has_column_names

    def write(self, cells: Sequence[Sequence[str]]) -> None:
        """Write some rows, given by column."""
        by_name = dict(zip(self._names, cells, strict=True))
        count = len(cells[0])
        columns = [
            [field.text] * count
            if field.key is None
            else [_BREAKS.sub(" ", text) for text in by_name[field.key]]
            for field in self._template.fields
        ]
        build = self._fixed if self._template.is_fixed else self._delimited
        for texts in zip(*columns, strict=True):
            self._file.write(build(texts) if self._is_empty else f"\n{build(texts)}")
            self._is_empty = False

    def close(self) -> None:
        """Say what may not be read back."""
        self._file.close()
        if self._with_delimiter:
            self.notes.append(
                f'Values with the delimiter "{self._template.delimiter}" in them, as lists have '
                f"it: {self._with_delimiter:,}. Choose another one if a program is to tell the "
                "columns apart."
            )
        if self._cut:
            self.notes.append(f"Values that were cut to the length of their field: {self._cut:,}.")

    def abandon(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _delimited(self, texts: Sequence[str]) -> str:
        delimiter = self._template.delimiter
        self._with_delimiter += sum(delimiter in text for text in texts)
        return delimiter.join(texts)

    def _fixed(self, texts: Sequence[str]) -> str:
        line = ""
        for field, text in zip(self._template.fields, texts, strict=True):
            self._cut += len(text) > field.length
            cut = text[: field.length]
            justify = cut.rjust if field.is_right else cut.ljust
            end = field.start - 1 + field.length
            before = line[: field.start - 1].ljust(field.start - 1)
            line = before + justify(field.length, field.pad) + line[end:]
        return line


def _field(field: object, entity: Entity, *, is_fixed: bool) -> _Field:
    if not isinstance(field, dict):
        raise _wrong("one of its fields cannot be read")
    source = field.get("source") or "field"
    text, key = str(field.get("text") or ""), str(field.get("key") or "")
    if source not in {"field", "text"}:
        raise _wrong('the source of a field must be "field" or "text"')
    if source == "field" and key not in {column.name for column in entity.columns}:
        raise _wrong(f'{entity.name} have no field "{key}"')
    default = key if source == "field" else text or "text"
    return _Field(
        key=key if source == "field" else None,
        text=_BREAKS.sub(" ", text),
        label=str(field.get("label") or default),
        start=_position(field, "start") if is_fixed else 1,
        length=_position(field, "length") if is_fixed else 1,
        is_right=field.get("align") == "right",
        pad=str(_get(field, "pad_char") or " ")[:1],
    )


def _position(field: Mapping[str, object], name: str) -> int:
    """Read a place in a line or a length, 1 where none is given, and at least that."""
    given = field.get(name)
    try:
        position = int(str(given or 1))
    except ValueError:
        raise _wrong(f"the {name} of a field is no whole number") from None
    if position > _WIDEST:
        raise _wrong(f"the {name} of a field is more than {_WIDEST:,}")
    return max(1, position)


def _get(template: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401 - any JSON
    """Give what a template has by a name, or by its older form: header_lines, headerLines."""
    first, *others = name.split("_")
    value = template.get(name)
    return template.get(first + "".join(map(str.title, others))) if value is None else value


def _wrong(why: str) -> JobRefusedError:
    return JobRefusedError(f"The export template cannot be used: {why}.")
