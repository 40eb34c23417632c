"""Where rows come from: the records of a job, or a file on the local disk."""

from worker.importing.sources.files import FileSource, open_file
from worker.importing.sources.head import Head
from worker.importing.sources.options import FileOptions
from worker.importing.sources.records import ReadPage, RecordSource, pages_of
from worker.importing.sources.rows import Source, SourceRow, Unreadable

__all__ = [
    "FileOptions",
    "FileSource",
    "Head",
    "ReadPage",
    "RecordSource",
    "Source",
    "SourceRow",
    "Unreadable",
    "open_file",
    "pages_of",
]
