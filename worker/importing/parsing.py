"""One row as it came → the row for the apply function, or why it was refused."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from worker.importing.mapping import ColumnMapping
from worker.importing.sources import SourceRow, Unreadable
from worker.importing.tables import Field, Row, Table
from worker.importing.values import PLAIN, Style, ValueProblem, shown
from worker.job import RowError

# A row for the apply function, which has "row_number" and "file_row", or the refusal.
ParsedRow = Row | RowError
# (row_number, the row as it came) → the row parsed
RowParser = Callable[[int, SourceRow], ParsedRow]
# cells → the value by which rows are told apart; None: there is none, "": it can't be read
KeyReader = Callable[[object], str | None]
# Of a field: its name, the row's name of it, its column or those that it is put together from, how
# a cell is read, whether it is required
_Reader = tuple[str, str, str | tuple[str, ...], Callable[[object], object], bool]
# A field whose column has prices with units behind them, the column, and its style
_Price = tuple[Field, str, Style]


def _read_cells(
    cells: Mapping[str, object], readers: Sequence[_Reader], row: Row
) -> dict[str, str]:
    """Put what the cells hold into the row; what is wrong with them, by field."""
    problems: dict[str, str] = {}
    for name, stored, column, read, is_required in readers:
        value = cells.get(column) if isinstance(column, str) else _joined(cells, column)
        if value == "":
            value = None
        elif value is not None:
            try:
                value = read(value)
            except ValueProblem as problem:
                problems[name] = str(problem)
                continue
        if value is not None:
            row[stored] = value
        elif is_required:
            problems[name] = "is missing"
    return problems


def _joined(cells: Mapping[str, object], columns: Sequence[str]) -> object:
    """Put parts of a text together; a part that is no text or number stands for the whole."""
    parts = [part for part in map(cells.get, columns) if part is not None and part != ""]
    if all(isinstance(part, str | int | float) for part in parts):
        return " ".join(str(part).strip() for part in parts).strip()
    return parts


def key_reader(table: Table, mapping: ColumnMapping) -> KeyReader:
    """Prepare to read what tells a row from others, whether or not the rest of it can be read."""
    field = next((field for field in table.fields if field.name == table.key), None)
    if field is None or field.name not in mapping.columns:
        return lambda _: None
    read, column = field.read, mapping.columns[field.name]

    def read_key(cells: object) -> str | None:
        if not isinstance(cells, dict):
            return ""
        try:
            value = read(cells.get(column))
        except ValueProblem:
            return ""
        return None if value is None else str(value)

    return read_key


def _in_style(field: Field, style: Style) -> Callable[[object], object]:
    # A column's evidence is its own matter: only what differs from plain needs a style to read it.
    return field.read if style == PLAIN else partial(field.read, style=style)


def _add_prices(
    cells: Mapping[str, object], prices: Sequence[_Price], unit: object, row: Row
) -> dict[str, str]:
    """Put prices into the row that may have a unit behind them, which must be the row's."""
    problems: dict[str, str] = {}
    for field, column, style in prices:
        try:
            of_row = replace(style, unit="" if unit is None else str(unit))
            price = field.read(cells.get(column), style=of_row)
        except ValueProblem as problem:
            problems[field.name] = str(problem)
        else:
            if price is not None:
                row[field.stored_as] = price
    return problems


def _missing(others: Sequence[str]) -> str:
    """Say that a row has nothing of a required group, of which `others` would do as well."""
    if not others:
        return "is missing"
    verb = "are" if len(others) > 1 else "is"
    return f"is missing, and so {verb} {' and '.join(others)}"


def row_parser(table: Table, mapping: ColumnMapping, found: Mapping[str, Style]) -> RowParser:
    """Prepare to read rows: each field by its column, in its column's style.

    Returns:
        a function of the row_number and the row as it came: the row for the apply function, with
        only the cells that were given; or why it was refused.

    """
    always_required = [group for group in table.required if group != (table.needed_by_new,)]
    prices: list[_Price] = [
        (field, mapping.columns[field.name], found[field.name])
        for field in table.fields
        if field.name in found and found[field.name].unit is not None
    ]
    with_units = {field.name for field, *_ in prices}
    unit_column = mapping.columns.get(table.unit or "")
    readers: list[_Reader] = [
        (
            field.name,
            field.stored_as,
            mapping.composed.get(field.name) or mapping.columns[field.name],
            _in_style(field, found.get(field.name, PLAIN)),
            (field.name,) in always_required,
        )
        for field in table.fields
        if mapping.columns_of(field.name) and field.name not in with_units
    ]
    stored_as = {field.name: field.stored_as for field in table.fields}
    groups = [
        (names[0], {stored_as[name] for name in names}, _missing(names[1:]))
        for names in always_required
    ]

    def parse(row_number: int, source_row: SourceRow) -> ParsedRow:
        file_row, cells = source_row
        if isinstance(cells, Unreadable):
            return RowError(row_number, file_row, None, cells.message, cells.shown)
        if not isinstance(cells, dict):
            problem = f"the record is {shown(cells)}, not fields with their values"
            return RowError(row_number, file_row, None, problem, cells)
        row: Row = {"row_number": row_number, "file_row": file_row}
        problems = _read_cells(cells, readers, row)
        if prices:
            unit = None if unit_column is None else cells.get(unit_column)
            problems |= _add_prices(cells, prices, unit, row)
        for name, group, others in groups:
            if not problems and group.isdisjoint(row):
                problems[name] = others
        if problems:
            message = "; ".join(f"{name} {problem}" for name, problem in problems.items())
            culprit = next(iter(problems)) if len(problems) == 1 else None
            return RowError(row_number, file_row, culprit, message, cells)
        table.complete(row)
        return row

    return parse
