"""A web page, or one with all its parts in one file (MHTML), as tables."""

import codecs
import re
from pathlib import Path
from typing import Any, TextIO

from lxml import etree

from worker.exceptions import JobRefusedError
from worker.importing.sources.encoding import Encoding, decodes, find_encoding
from worker.importing.sources.formats import HEAD_BYTES
from worker.importing.sources.readers.html_tables import HtmlTables
from worker.importing.sources.readers.notes import encoding_notes
from worker.importing.sources.readers.tables import TableWriter
from worker.importing.sources.readers.web_archives import unpacked_pages

_PIECE_CHARACTERS = 1 << 16

_CHARSET = re.compile(
    rb"""<meta\b[^>]{0,500}?charset\s*=\s*["']?\s*([\w.:-]{1,40})""", re.IGNORECASE
)
# What browsers take these labels for: https://encoding.spec.whatwg.org/#names-and-labels
_LABELS = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "tis-620": "cp874",
}

_NO_TABLE = (
    "The file is a web page without a table. If it is a page to sign in on, sign in and download "
    "the file again; else open it in a spreadsheet program and save it as .xlsx."
)
_LONG_CELLS = (
    "The file is a web page whose table has a cell of more than 131,072 characters. "
    "Save the table as .csv or .xlsx and upload that."
)
_LONG_PARTS = (
    "The file is a web page with a text or a comment of more than 10 million characters. "
    "Save the table as .csv or .xlsx and upload that."
)


def read_page(path: Path, writer: TableWriter, encoding: str | None) -> list[str]:
    """Write the tables of a page; notes on how it was read.

    Args:
        path: the file.
        writer: what takes the rows.
        encoding: a codec that overrides what the page says of itself.

    Raises:
        JobRefusedError: there is no table in it.

    """
    tables = HtmlTables(writer)
    found = _page_encoding(path, encoding)
    _feed(path, found.codec, tables)
    return [*encoding_notes(path, found), *_notes(tables, writer)]


def read_web_archive(path: Path, writer: TableWriter) -> list[str]:
    """Write the tables of all pages of an archive, as Excel saves a workbook's sheets.

    Raises:
        JobRefusedError: there is no table in it.

    """
    tables = HtmlTables(writer)
    notes: list[str] = []
    page = path.with_name(f"{path.name}.page")
    try:
        for _ in unpacked_pages(path, page):
            found = _page_encoding(page, None)
            _feed(page, found.codec, tables)
            notes.extend(encoding_notes(path, found))
    finally:
        page.unlink(missing_ok=True)
    return [*dict.fromkeys(notes), *_notes(tables, writer)]


def _feed(path: Path, codec: str, tables: HtmlTables) -> None:
    target: Any = tables  # its stubs ask for more than is called
    # UTF-8, whatever the page says of itself: lxml takes bytes best.
    parser = etree.HTMLParser(target=target, encoding="utf-8")
    with path.open(encoding=codec, errors="replace", newline="") as file:
        pieces = _Bytes(file)
        source: Any = pieces
        # Not fed to it piece by piece: libxml2 would keep them all to the end.
        etree.parse(source, parser)
    if not pieces.are_read:  # it stops without a word where it has had too much
        raise JobRefusedError(_LONG_PARTS)


class _Bytes:
    """A file as lxml asks for it."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self.are_read = False

    def read(self, _most: int) -> bytes:
        """Read on; lxml keeps what is more than it asked for."""
        while piece := self._file.read(_PIECE_CHARACTERS):
            if written := piece.replace("\0", ""):  # nothing but NUL is not the end
                return written.encode("utf-8", "replace")
        self.are_read = True
        return b""


def _notes(tables: HtmlTables, writer: TableWriter) -> list[str]:
    if not writer.has_rows:
        raise JobRefusedError(_LONG_CELLS if writer.tables else _NO_TABLE)
    if tables.reaching is None:
        return []
    row, text = tables.reaching
    example = f'"{text[:40]}" from row {row:,} on'
    return [f"A cell that spans several rows counts in each of them, like {example}."]


def _page_encoding(path: Path, wanted: str | None) -> Encoding:
    """Find out how to read a page.

    What is UTF-8 throughout is UTF-8, whatever the page says; else what it says counts if that
    fits; else it is a text like others.
    """
    if wanted is None and not decodes(path, "utf-8"):
        with path.open("rb") as file:
            said = _CHARSET.search(file.read(HEAD_BYTES))
        codec = _codec(said[1].decode("ascii")) if said else None
        if codec and decodes(path, codec):
            return Encoding(codec)
    return find_encoding(path, wanted)


def _codec(label: str) -> str | None:
    try:
        " ".encode(label)
        name = codecs.lookup(label).name
    except (LookupError, UnicodeError):
        return None
    # A page whose <meta> can be read as ASCII is not what it calls so.
    return None if name.startswith(("utf-16", "utf-32", "utf-7")) else _LABELS.get(name, name)
