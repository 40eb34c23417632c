"""The formats of files: one file each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from worker.exporting.entities import Entity
from worker.exporting.formats.csv_file import CsvWriter
from worker.exporting.formats.custom_file import CustomWriter, Template
from worker.exporting.formats.tsv_file import TsvWriter
from worker.exporting.formats.writer import Writer
from worker.exporting.formats.xlsx_file import MOST_ROWS, XlsxWriter
from worker.exporting.formats.xml_file import XmlWriter

__all__ = ["FILES", "CustomWriter", "FileKind", "Template", "Writer"]


@dataclass(frozen=True, slots=True)
class FileKind:
    """A format whose files are all alike; those of a custom export are as its template says."""

    content_type: str
    open: Callable[[Path, Entity], Writer]
    # Rows that a file can have; None: any number.
    most_rows: int | None = None


# By format, which is also how its files' names end.
FILES: Mapping[str, FileKind] = MappingProxyType(
    {
        "csv": FileKind("text/csv; charset=utf-8", CsvWriter),
        "tsv": FileKind("text/tab-separated-values; charset=utf-8", TsvWriter),
        "xlsx": FileKind(
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            XlsxWriter,
            MOST_ROWS,
        ),
        "xml": FileKind("application/xml", XmlWriter),
    }
)
