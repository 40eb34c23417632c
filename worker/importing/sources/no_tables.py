"""What people upload in place of a table: each is named, with what to do instead."""

import codecs
import re
import struct
from typing import NoReturn

from worker.exceptions import JobRefusedError

_SAVE = "open it in a spreadsheet program and save it as .xlsx"
_UNPACK = "unpack it and upload what is in it"
_EXPORT = "export the table from it as CSV"

_PICTURE = "It is a picture"
_COMPRESSED = f"It is a compressed file; {_UNPACK}"
_ACCESS = f"It is a Microsoft Access database; {_EXPORT}"
_LOTUS = f"It is a Lotus 1-2-3 worksheet; {_SAVE}"
# Before they were put into compound files.
_OLD_EXCEL = f"It is a workbook of Excel 4 or older; {_SAVE}"

_MAGIC = (
    (b"%PDF-", "It is a PDF; upload the spreadsheet or CSV file that it was made from"),
    (b"%!PS", "It is a document for a printer; upload the spreadsheet that it was made from"),
    (b"\x89PNG", _PICTURE),
    (b"\xff\xd8\xff", _PICTURE),
    (b"GIF8", _PICTURE),
    (b"II*\0", _PICTURE),
    (b"MM\0*", _PICTURE),
    (b"Rar!\x1a\x07", _COMPRESSED),
    (b"7z\xbc\xaf\x27\x1c", _COMPRESSED),
    (b"\xfd7zXZ\0", _COMPRESSED),
    (b"\x28\xb5\x2f\xfd", _COMPRESSED),
    (b"\x1f\x9d", _COMPRESSED),
    (b"MSCF\0", _COMPRESSED),
    (b"PAR1", f"It is a Parquet file; {_EXPORT}"),
    (b"ARROW1\0", f"It is an Arrow file; {_EXPORT}"),
    (b"SQLite format 3\0", f"It is an SQLite database; {_EXPORT}"),
    (b"\0\1\0\0Standard Jet DB", _ACCESS),
    (b"\0\1\0\0Standard ACE DB", _ACCESS),
    (b"{\\rtf", "It is a text document (.rtf); copy its table into a spreadsheet and upload that"),
    (b"\0\0\x02\0\x04\x04\x06\0", _LOTUS),
    (b"\0\0\x02\0\x06\x04\x06\0", _LOTUS),
    (b"\0\0\x1a\0", _LOTUS),
    (b"\x09\0\x04\0", _OLD_EXCEL),
    (b"\x09\x02\x06\0", _OLD_EXCEL),
    (b"\x09\x04\x06\0", _OLD_EXCEL),
    # A byte order mark of UTF-32, which begins like one of UTF-16.
    (codecs.BOM_UTF32_LE, "It is UTF-32 text; save it as UTF-8"),
    (codecs.BOM_UTF32_BE, "It is UTF-32 text; save it as UTF-8"),
)
_BZIP2 = re.compile(rb"BZh[1-9]1AY&SY")
_RIFF_PICTURE = re.compile(rb"RIFF....WEBP|....ftyp(?:hei|avif|mif1)", re.DOTALL)
_TAR_MAGIC = slice(257, 262)

# http://www.dbase.com/KnowledgeBase/int/db7_file_fmt.htm, and FoxPro's versions.
_DBASE = frozenset({0x02, 0x03, 0x30, 0x31, 0x32, 0x43, 0x63, 0x83, 0x8B, 0x8C, 0xCB, 0xE5, 0xF5})
_DECEMBER, _LONGEST_MONTH = 12, 31

# ID;PWXL;N;E, and C;Y1;X1;K"SKU" beneath. "ID;Price" may well begin a CSV file.
_SYLK = re.compile(r"ID;P[^;\r\n]*(?:;[NE])*\s*[\r\n](?=.*[\r\n]C;(?:[XY]\d+;)+K)", re.DOTALL)
_DIF = re.compile(r"TABLE\s*[\r\n]+0,1\s*[\r\n]")
_DOCUMENTS = (
    (_SYLK, f"It is a SYLK file (.slk); {_SAVE}"),
    (_DIF, f"It is a DIF file; {_SAVE}"),
    (re.compile(r"BEGIN:VCARD", re.IGNORECASE), "It is an address book (vCard); export it as CSV"),
    (re.compile(r"BEGIN:VCALENDAR", re.IGNORECASE), f"It is a calendar; {_EXPORT}"),
)


def refuse_binary_formats(head: bytes) -> None:
    """Refuse what a file's first bytes tell.

    Raises:
        JobRefusedError: it is one of these.

    """
    for magic, what in _MAGIC:
        if head.startswith(magic):
            raise _refusal(what)
    if _RIFF_PICTURE.match(head):
        raise _refusal(_PICTURE)
    if head.startswith(b"BM") and head[6:10] == bytes(4):
        raise _refusal(_PICTURE)
    if _BZIP2.match(head) or head[_TAR_MAGIC] == b"ustar":
        raise _refusal(_COMPRESSED)
    if _is_dbase(head):
        raise _refusal(f"It is a dBase table (.dbf); {_SAVE}")


def refuse_documents(text: str) -> None:
    """Refuse what is text, but has its own structure.

    Raises:
        JobRefusedError: it is one of these.

    """
    for pattern, what in _DOCUMENTS:
        if pattern.match(text):
            raise _refusal(what)


def refuse_xml(root: str) -> NoReturn:
    """Refuse XML of any other kind.

    Raises:
        JobRefusedError: always.

    """
    what = f" (<{root[:40]}>)" if root else ""
    raise _refusal(f"It is an XML file that holds no spreadsheet{what}; {_SAVE}")


def _is_dbase(head: bytes) -> bool:
    if len(head) < 32 or head[0] not in _DBASE:  # noqa: PLR2004 - the header without its fields
        return False
    month, day, length = struct.unpack_from("<BB4xH", head, 2)
    if not (0 < month <= _DECEMBER and 0 < day <= _LONGEST_MONTH):
        return False
    fields_end = range(32, min(length, len(head)), 32)
    return any(head[place] == 0x0D for place in fields_end)  # noqa: PLR2004 - ends the fields


def _refusal(what: str) -> JobRefusedError:
    return JobRefusedError(f"The file is not a table we can read. {what}.")
