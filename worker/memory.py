"""What an organization's earlier files were mapped to, as the database tells it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Self


def _no_options() -> Mapping[str, object]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Layout:
    """What a run's file looked like, kept for the next one of its kind."""

    # Left to right; None for records whose keys are fields already.
    columns: tuple[str, ...] | None
    # How it was read, as file_data.options would say it.
    options: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Template:
    """A mapping that somebody gave a name."""

    name: str
    # Column → field. Whatever somebody wrote there: not looked at yet.
    mapping: Mapping[str, object]
    # As file_data.options.
    options: Mapping[str, object] = field(default_factory=_no_options)
    # All columns of the file that it was made from; None: nobody said.
    columns: tuple[str, ...] | None = None

    @property
    def reason(self) -> str:
        """Say why a field has its column."""
        return f'as in the template "{self.name}"'

    @property
    def misfit(self) -> str:
        """Say of a file that lacks what is required that it was mapped so."""
        return f'The template "{self.name}" does not fit this file.'


@dataclass(frozen=True, slots=True)
class Remembered:
    """How one earlier file was mapped."""

    # Column → field.
    mapping: Mapping[str, str]
    # All of the file: those without a field were left out.
    columns: tuple[str, ...]
    # As file_data.options.
    options: Mapping[str, object] = field(default_factory=_no_options)
    # Whether its job named the mapping itself.
    is_corrected: bool = False
    # None for records.
    file_name: str | None = None
    # "12 March", by the database's clock.
    learned_on: str = ""

    @property
    def reason(self) -> str:
        """Say why a field has its column."""
        return f"as in {self.file_name or 'the records'} of {self.learned_on}"


@dataclass(frozen=True, slots=True)
class Memory:
    """What is known before a job's columns are mapped."""

    # file_data.options: what the job itself says.
    options: Mapping[str, object] = field(default_factory=_no_options)
    # The template that the job names.
    template: Template | None = None
    # When there is none of that name, all that there are.
    template_names: tuple[str, ...] = ()
    # The newest first.
    remembered: tuple[Remembered, ...] = ()

    @property
    def said(self) -> Mapping[str, object]:
        """Give the job's options, and those of its template that it is silent about."""
        own = {name: said for name, said in self.options.items() if said is not None}
        return {**(self.template.options if self.template else {}), **own}

    @property
    def sheets(self) -> frozenset[str]:
        """Give the sheets that somebody chose in earlier files."""
        sheets = (one.options.get("sheet") for one in self.remembered)
        return frozenset(sheet for sheet in sheets if isinstance(sheet, str))

    @classmethod
    def from_json(cls, options: Mapping[str, object], answer: dict[str, Any]) -> Self:
        """Read the answer of recall_mappings."""
        template = answer["template"]
        return cls(
            options,
            None if template is None else _template(template),
            tuple(answer["templates"]),
            tuple(Remembered(**one | {"columns": tuple(one["columns"])})
                  for one in answer["remembered"]),
        )  # fmt: skip


def _template(answer: dict[str, Any]) -> Template:
    columns = answer["columns"]
    return Template(**answer | {"columns": None if columns is None else tuple(columns)})


NOTHING_KNOWN = Memory()
