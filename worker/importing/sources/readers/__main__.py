"""Read a stranger's file: ``python -m worker.importing.sources.readers FORMAT FILE SPOOL …``.

Runs in a process of its own, because a file of a few kilobytes can unpack to anything, and because
most readers are native code. Writes the rows to SPOOL as lines of JSON, and ends with one line of
JSON on standard output: what was read, or why nothing was. A line before it is a question about a
sheet, which the parent answers on standard input.
"""

import errno
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

from worker.exceptions import JobRefusedError
from worker.importing.sources.choice import Ask
from worker.importing.sources.confinement import confine
from worker.importing.sources.formats import Format
from worker.importing.sources.readers.archives import holds_workbook, unpack_gzip, unpack_zip
from worker.importing.sources.readers.flat_ods import as_archive
from worker.importing.sources.readers.json_records import read_json
from worker.importing.sources.readers.pages import read_page, read_web_archive
from worker.importing.sources.readers.tables import TableWriter
from worker.importing.sources.readers.xml_spreadsheet import read_xml_spreadsheet
from worker.importing.sources.workbook import report_rows

# For what is streamed. A workbook may take what confine() allows.
_MOST_DATA = 256 << 20
_STREAMED: set[Format] = {"gzip", "html", "json", "mhtml", "xml spreadsheet"}


def main(arguments: list[str]) -> None:
    """Read FILE; OPTIONS is a JSON object of what the parent knows."""
    written, path, spool, parent, options = arguments
    form: Format = next(form for form in get_args(Format) if form == written)
    if form in _STREAMED:
        confine(int(parent), _MOST_DATA)
    else:
        confine(int(parent))
    report = read(form, Path(path), Path(spool), json.loads(options), _ask_parent)
    print(json.dumps(report))  # noqa: T201 - the parent reads it


def _ask_parent(sheet: str | None) -> object:
    """Ask which sheet is meant. A parent that is gone says nothing, and so ends this process."""
    print(json.dumps({"question": sheet}), flush=True)  # noqa: T201
    return json.loads(sys.stdin.readline())


def read(
    form: Format, path: Path, spool: Path, options: Mapping[str, object], ask: Ask
) -> dict[str, object]:
    """Write the rows of a file, or the file that is packed in it, and say what was read."""
    try:
        return _read(form, path, spool, options, ask)
    except JobRefusedError as error:
        return {"refusal": str(error)}
    except MemoryError:
        return {"cause": "large"}
    except OSError as error:
        # The spool has reached its limit, or the disk its end; else the file can't be read.
        return {"cause": "large" if error.errno in {errno.EFBIG, errno.ENOSPC} else "damaged"}
    except Exception:  # noqa: BLE001 - whatever the readers raise
        return {"cause": "damaged"}


def _read(
    form: Format, path: Path, spool: Path, options: Mapping[str, object], ask: Ask
) -> dict[str, object]:
    sheet, encoding = _text(options["sheet"]), _text(options["encoding"])
    most_unpacked = int(str(options["most_unpacked"]))
    if form == "ole" or (form == "zip" and holds_workbook(path)):
        return report_rows(path, spool, sheet, ask)
    if form in {"zip", "gzip"}:
        unpack = unpack_zip if form == "zip" else unpack_gzip
        return {"unpacked": unpack(path, spool, most_unpacked)}
    if form == "flat ods":
        with as_archive(path) as archive:
            return report_rows(archive, spool, sheet, ask)
    with spool.open("wb") as file:
        writer = TableWriter(file)
        return _read_tables(form, path, writer, encoding) | writer.report()


def _read_tables(
    form: Format, path: Path, writer: TableWriter, encoding: str | None
) -> dict[str, object]:
    match form:
        case "html":
            return {"notes": read_page(path, writer, encoding)}
        case "mhtml":
            return {"notes": read_web_archive(path, writer)}
        case "json":
            columns, notes = read_json(path, writer, encoding)
            return {"columns": columns, "notes": notes}
    return {"uncalculated": read_xml_spreadsheet(path, writer), "sheets": writer.names}


def _text(option: object) -> str | None:
    return None if option is None else str(option)


if __name__ == "__main__":
    main(sys.argv[1:])
