"""A workbook as its readers like it best: nothing but its sheets, each part where it usually is.

Parts may have any name and lie anywhere, so long as their relations say where. Readers do not
believe that, and stumble over macros, drawings and links of which no cell depends.
"""

import io
import shutil
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from typing import IO, NamedTuple
from xml.sax.saxutils import quoteattr

from worker.importing.sources.parts import Parts
from worker.importing.sources.xlsb_marks import with_sheets

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"


class _Copy(NamedTuple):
    """A part that is taken over."""

    identifier: str
    kind: str
    part: str
    # Below xl/, where it goes.
    name: str


def tidied(parts: Parts, main: str, worksheets: Mapping[str, str]) -> IO[bytes]:
    """Pack an .xlsx anew.

    Args:
        parts: the archive's.
        main: the part that lists the sheets.
        worksheets: each sheet's name and part.

    """
    copies = [*_sheets(enumerate(worksheets.values()), "xml"), *_others(parts, main, "xml")]
    return _packed(parts, "workbook.xml", _workbook(parts, main, worksheets).encode(), copies)


def tidied_binary(parts: Parts, main: str, worksheets: Mapping[str, str]) -> IO[bytes]:
    """Pack an .xlsb anew; `worksheets` is each sheet's identifier and part."""
    copies = [*_sheets(worksheets.items(), "bin"), *_others(parts, main, "bin")]
    return _packed(parts, "workbook.bin", with_sheets(parts.read(main), worksheets), copies)


def _sheets(worksheets: Iterable[tuple[object, str]], ending: str) -> list[_Copy]:
    return [
        _Copy(str(identifier), "worksheet", part, f"worksheets/sheet{number}.{ending}")
        for number, (identifier, part) in enumerate(worksheets)
    ]


def _others(parts: Parts, main: str, ending: str) -> list[_Copy]:
    return [
        _Copy(kind, kind, part, f"{kind}.{ending}")
        for kind in ("sharedStrings", "styles")
        if (part := parts.related(main, kind))
    ]


def _packed(parts: Parts, name: str, main: bytes, copies: Sequence[_Copy]) -> IO[bytes]:
    packed = io.BytesIO()
    usual = _Copy("rId1", "officeDocument", "", f"xl/{name}")
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("[Content_Types].xml", _content_types(copies))
        archive.writestr("_rels/.rels", _relations([usual]))
        archive.writestr(f"xl/{name}", main)
        archive.writestr(f"xl/_rels/{name}.rels", _relations(copies))
        for copy in copies:
            with parts.open(copy.part) as old, archive.open(f"xl/{copy.name}", "w") as new:
                shutil.copyfileobj(old, new)
    packed.seek(0)
    return packed


def _workbook(parts: Parts, main: str, worksheets: Mapping[str, str]) -> str:
    settings, states = "", dict[str, str]()
    for name, attributes in parts.elements(main):
        if name == "workbookPr" and (first_year := attributes.get("date1904")):
            settings = f"<workbookPr date1904={quoteattr(first_year)}/>"
        elif name == "sheet":
            states[attributes.get("name", "")] = attributes.get("state", "visible")
    sheets = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{number + 1}" r:id="{number}" '
        f"state={quoteattr(states[name])}/>"
        for number, name in enumerate(worksheets)
    )
    return (
        f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">{settings}'
        f"<sheets>{sheets}</sheets></workbook>"
    )


def _relations(targets: Iterable[_Copy]) -> str:
    written = "".join(
        f'<Relationship Id={quoteattr(identifier)} Type="{_OFFICE}/{kind}" Target="{name}"/>'
        for identifier, kind, _, name in targets
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{written}</Relationships>'


def _content_types(copies: Iterable[_Copy]) -> str:
    kinds = {"workbook.xml": "sheet.main"} | {copy.name: copy.kind for copy in copies}
    overrides = "".join(
        f'<Override PartName="/xl/{name}" ContentType="{_TYPE}.{kind}+xml"/>'
        for name, kind in kinds.items()
    )
    return (
        f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.'
        'relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>'
        f"{overrides}</Types>"
    )
