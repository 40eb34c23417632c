"""Where rows come from: the records of a job, or a file on the local disk."""

from worker.sources.files import FileSource, open_file
from worker.sources.options import FileOptions
from worker.sources.records import ReadPage, RecordPages, RecordSource, open_source
from worker.sources.rows import PAGE_ROWS, Source, SourceRow

__all__ = [
    "PAGE_ROWS",
    "FileOptions",
    "FileSource",
    "ReadPage",
    "RecordPages",
    "RecordSource",
    "Source",
    "SourceRow",
    "open_file",
    "open_source",
]
