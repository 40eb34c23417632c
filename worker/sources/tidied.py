"""An .xlsx as its readers like it best: nothing but its sheets, each part where it usually is.

Parts may have any name and lie anywhere, so long as their relations say where. Readers do not
believe that, and stumble over macros, drawings and links of which no cell depends.
"""

import io
import shutil
import zipfile
from collections.abc import Mapping
from typing import IO
from xml.sax.saxutils import quoteattr

from worker.sources.parts import Parts

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"


def tidied(parts: Parts, main: str, worksheets: Mapping[str, str]) -> IO[bytes]:
    """Pack a workbook anew.

    Args:
        parts: the archive's.
        main: the part that lists the sheets.
        worksheets: each sheet's name and part.

    """
    copied = {
        f"worksheets/sheet{number}.xml": (part, "worksheet")
        for number, part in enumerate(worksheets.values(), start=1)
    }
    for kind in ("sharedStrings", "styles"):
        if part := parts.related(main, kind):
            copied[f"{kind}.xml"] = (part, kind)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("[Content_Types].xml", _content_types(copied))
        archive.writestr("_rels/.rels", _relations([("officeDocument", "xl/workbook.xml")]))
        archive.writestr("xl/workbook.xml", _workbook(parts, main, worksheets))
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            _relations([(kind, name) for name, (_, kind) in copied.items()]),
        )
        for name, (part, _) in copied.items():
            with parts.open(part) as old, archive.open(f"xl/{name}", "w") as new:
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
        f'<sheet name={quoteattr(name)} sheetId="{number}" r:id="rId{number}" '
        f"state={quoteattr(states[name])}/>"
        for number, name in enumerate(worksheets, start=1)
    )
    return (
        f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">{settings}'
        f"<sheets>{sheets}</sheets></workbook>"
    )


def _relations(targets: list[tuple[str, str]]) -> str:
    """Write relations, numbered in their order."""
    written = "".join(
        f'<Relationship Id="rId{number}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets, start=1)
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{written}</Relationships>'


def _content_types(copied: Mapping[str, tuple[str, str]]) -> str:
    kinds = {"workbook.xml": "sheet.main"} | {name: kind for name, (_, kind) in copied.items()}
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
