"""Which format a file is in, by its beginning and never by its name."""

import codecs
import re
from typing import Literal

from worker.exceptions import JobRefusedError
from worker.importing.sources.no_tables import refuse_binary_formats, refuse_documents, refuse_xml

# "text" is read by us; all others are a stranger's structure, and read in a child process.
Format = Literal[
    "text", "ole", "zip", "gzip", "html", "mhtml", "xml spreadsheet", "flat ods", "json"
]

# What the look at a file's beginning takes in.
HEAD_BYTES = 65_536

_OFFICE = "urn:schemas-microsoft-com:office:spreadsheet"
_MAGIC: dict[bytes, Format] = {
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",  # an empty one
    # https://learn.microsoft.com/en-us/openspecs/windows_protocols/ms-cfb/
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "ole",
    b"\x1f\x8b": "gzip",
    # A workbook's stream without a compound file around it, as Excel 2 to 4 and some programs
    # write it: how it begins, [MS-XLS] 2.4.21 (BOF) and what was before.
    b"\x09\x00\x04\x00": "ole",
    b"\x09\x02\x06\x00": "ole",
    b"\x09\x04\x06\x00": "ole",
    b"\x09\x08\x08\x00": "ole",
    b"\x09\x08\x10\x00": "ole",
}
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

_TAG = re.compile(r"<([A-Za-z_][\w:.-]*)([^>]*)")
# What may stand before the first element, and how it ends.
_PROLOGUE = (("<!--", "-->"), ("<?", "?>"), ("<!", ">"), ("]>", ""))
# With one of these a page begins, whatever follows.
_PAGE = {"html", "head", "body", "table", "meta", "title", "style", "script", "link", "base"}
# These also stand in the cells of a CSV file; a table must follow.
_IN_A_PAGE = {
    *("a", "article", "b", "blockquote", "br", "caption", "center", "col", "colgroup", "div"),
    *("em", "font", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "i"),
    *("img", "input", "main", "nav", "nobr", "p", "pre", "section", "small", "span", "strong"),
    *("tbody", "td", "th", "thead", "tr", "u", "ul"),
}
_TABLE = re.compile(r"<(?:table|tr)\b", re.IGNORECASE)

# A line or two before the first tag; a CSV file would have a delimiter there.
_TEXT_AND_TABLE = re.compile(
    r"[^<,;|\t\"]{1,500}<(?=.*?<table\b.*?<tr\b.*?<t[dh]\b)", re.IGNORECASE | re.DOTALL
)

_JSON = re.compile(r'\[\s*(?:[\[{"]|\]\s*\Z)|\{\s*["}]')

_HEADER = re.compile(r"[!-9;-~]{1,70}:[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*(?:\r\n|\n|\Z)")
_HEADERS = re.IGNORECASE | re.MULTILINE
_MESSAGE = re.compile(r"^(?:mime-version|received|message-id)\s*:", _HEADERS)
_SENT = re.compile(r"^(?:received|message-id)\s*:", _HEADERS)
_WEB_ARCHIVE = re.compile(r"^content-type\s*:\s*(?:multipart/related|text/html)", _HEADERS)


def find_format(head: bytes) -> Format:
    """Tell a file's format by its first HEAD_BYTES.

    Raises:
        JobRefusedError: it is one that we cannot read. The text names it, and says what to do.

    """
    for magic, form in _MAGIC.items():
        if head.startswith(magic):
            return form
    refuse_binary_formats(head)
    text = _text(head)
    if _JSON.match(text):
        return "json"
    if text.startswith("<"):
        return _markup(text)
    refuse_documents(text)
    return "html" if _TEXT_AND_TABLE.match(text) else _message(text)


def _text(head: bytes) -> str:
    """Read the beginning as what ASCII shows of it, without white space in front."""
    codec = next((codec for mark, codec in _BYTE_ORDER_MARKS if head.startswith(mark)), None)
    if codec is None:
        # UTF-16 without a mark has a zero byte beside each sign of ASCII.
        zeros = (head[0:1] == b"\0", head[1:2] == b"\0")
        codec = {(False, True): "utf-16-le", (True, False): "utf-16-be"}.get(zeros, "latin-1")
    return head.decode(codec, "ignore").lstrip("\ufeff \t\r\n\f\v")


def _markup(text: str) -> Format:
    position = _past_prologue(text)
    prologue = text[:position].lower()
    found = _TAG.match(text, position)
    if found is None:
        if prologue.startswith("<?xml"):
            refuse_xml("")
        # All that was seen is a comment, or a CSV file whose first cell begins so.
        return "html" if prologue.startswith(("<!--", "<!doctype html")) else "text"
    full, attributes = found.groups()
    name = full.rpartition(":")[2]
    if name == "Workbook" and (_OFFICE in attributes or "<?xml" in prologue):
        return "xml spreadsheet"
    if full == "office:document" and "opendocument.spreadsheet" in attributes:
        return "flat ods"
    tag = full.lower()
    if "<!doctype html" in prologue or tag in _PAGE:
        return "html"
    if tag in _IN_A_PAGE:
        return "html" if _TABLE.search(text) else "text"
    if "<?xml" in prologue or "xmlns" in attributes or f"</{full}>" in text:
        refuse_xml(name)
    return "text"


def _past_prologue(text: str) -> int:
    """Find where comments, declarations and processing instructions end."""
    position = 0
    while True:
        while text[position : position + 1].isspace():
            position += 1
        for begin, end in _PROLOGUE:
            if text.startswith(begin, position):
                found = text.find(end, position + len(begin))
                if found < 0:
                    return len(text)
                position = found + len(end)
                break
        else:
            return position


def _message(text: str) -> Format:
    """Tell a web page with all its parts in one file, which is built like an e-mail."""
    end = 0
    while found := _HEADER.match(text, end):
        end = found.end()
    headers = text[:end]
    if not _MESSAGE.search(headers):
        return "text"
    if _WEB_ARCHIVE.search(headers) and not _SENT.search(headers):
        return "mhtml"
    raise JobRefusedError(
        "The file is not a table we can read. It is an e-mail; upload the file that is attached "
        "to it."
    )
