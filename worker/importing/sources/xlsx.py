"""The sheets of .xlsx, .xlsm and .xlsb: ECMA-376, and [MS-XLSB]."""

import re
from functools import partial
from typing import IO, TYPE_CHECKING

import python_calamine as calamine

from worker.importing.sources.marks import Mark, MarkedRows, NumberedRows, marked
from worker.importing.sources.parts import Parts
from worker.importing.sources.sheets import Sheet
from worker.importing.sources.tidied import tidied, tidied_binary
from worker.importing.sources.xlsb_marks import binary_style_marks, sheet_identifiers, xlsb_marks
from worker.importing.sources.xlsx_marks import style_marks, xlsx_marks

if TYPE_CHECKING:
    from collections.abc import Iterator

    import openpyxl  # type: ignore[import-untyped]

# A binary main part begins with record 131.
_BINARY = b"\x83\x01"
_TRANSITIONAL = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")


class Package:
    """A workbook's parts, whatever they are called; formats and errors are found in them.

    Args:
        parts: of the archive.
        main: the part that lists the sheets.

    """

    def __init__(self, parts: Parts, main: str) -> None:
        self._parts = parts
        self._main = main
        with parts.open(main) as part:
            begins = part.read(2048)
        self._is_binary = begins.startswith(_BINARY)
        # Else it is binary, or of Strict Open XML, or of a namespace that nobody else has.
        self.is_transitional = _TRANSITIONAL in begins
        # A sheet's name and its part.
        self.worksheets = self._worksheets()
        styles = parts.related(main, "styles")
        self._styles: list[Mark | None] = (
            binary_style_marks(parts.read(styles or ""))
            if self._is_binary
            else style_marks(parts, styles)
        )

    def tidied(self) -> IO[bytes]:
        """Pack the workbook anew, with its sheets alone."""
        if self._is_binary:
            identifiers = sheet_identifiers(self._parts.read(self._main))
            parts = {identifiers[name]: part for name, part in self.worksheets.items()}
            return tidied_binary(self._parts, self._main, parts)
        return tidied(self._parts, self._main, self.worksheets)

    def marks(self, sheet: str) -> MarkedRows:
        """Look for marks in a sheet.

        Raises:
            KeyError: it is nowhere.

        """
        find = xlsb_marks if self._is_binary else xlsx_marks
        return find(self._parts, self.worksheets[sheet], self._styles)

    def _worksheets(self) -> dict[str, str]:
        """Find each sheet's part; charts, dialogs and macros are no worksheets."""
        if self._is_binary:
            identifiers = sheet_identifiers(self._parts.read(self._main))
        else:
            identifiers = {
                attributes.get("name", ""): identifier
                for name, attributes in self._parts.elements(self._main)
                if name == "sheet"
                for key, identifier in attributes.items()
                if key.endswith(":id")
            }
        relations = self._parts.relations(self._main)
        return {
            name: relations[identifier].part
            for name, identifier in identifiers.items()
            if identifier in relations and relations[identifier].kind == "worksheet"
        }


def main_part(parts: Parts) -> str | None:
    """Find the part that lists a workbook's sheets; None where there is no workbook."""
    main = parts.related("", "officeDocument")
    if main is not None:
        with parts.open(main) as part:
            begins = part.read(2048)
        # The main part of a document, not of a workbook, begins with another name.
        if b"workbook" in begins or begins.startswith(_BINARY):
            return main
    return next((name for name in ("xl/workbook.xml", "xl/workbook.bin") if name in parts), None)


def sheets(file: IO[bytes], package: Package) -> list[Sheet]:
    """List the sheets as calamine, the fast reader, sees them."""
    # Not by a path: calamine would believe the name's ending.
    workbook = calamine.CalamineWorkbook.from_filelike(file)
    return [
        Sheet(
            sheet.name,
            sheet.visible != calamine.SheetVisibleEnum.Visible,
            partial(_rows, workbook, package, sheet.name),
        )
        for sheet in workbook.sheets_metadata
        if sheet.typ == calamine.SheetTypeEnum.WorkSheet
    ]


def _rows(workbook: calamine.CalamineWorkbook, package: Package, name: str) -> NumberedRows:
    sheet = workbook.get_sheet_by_name(name)
    # Rows are given from the first on, columns from the first that is used.
    before = [""] * (sheet.start[1] if sheet.start else 0)
    rows: Iterator[list[object]] = ([*before, *cells] for cells in sheet.iter_rows())
    return marked(enumerate(rows, start=1), package.marks(name))


def sheets_by_openpyxl(file: IO[bytes], package: Package) -> list[Sheet]:
    """List the sheets as openpyxl sees them, which is slow and forgives other things."""
    # Takes half a second, and is seldom needed.
    import openpyxl  # noqa: PLC0415

    if not package.is_transitional:
        raise ValueError("openpyxl would find no cells")
    workbook = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
    return [
        Sheet(sheet.title, sheet.sheet_state != "visible", partial(_slow_rows, sheet, package))
        for sheet in workbook.worksheets
    ]


def _slow_rows(sheet: "openpyxl.worksheet.worksheet.Worksheet", package: Package) -> NumberedRows:
    sheet.reset_dimensions()  # they may claim a million rows
    rows = enumerate(sheet.iter_rows(values_only=True), start=1)
    return marked(
        ((number, list(map(_unescaped, cells))) for number, cells in rows),
        package.marks(sheet.title),
    )


def _unescaped(cell: object) -> object:
    """Decode _x000D_ and its like, as calamine does."""
    if isinstance(cell, str) and "_x" in cell:
        return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), cell)
    return cell
