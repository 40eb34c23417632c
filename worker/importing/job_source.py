"""A job's rows, wherever they are: its own records, or a file in Storage."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace

from worker.exceptions import JobRefusedError
from worker.importing.mapping import judge_by_mapping, judge_by_memory, with_template
from worker.importing.sources import FileOptions, ReadPage, RecordSource, Source, open_file
from worker.importing.sources.header import HeaderJudge
from worker.importing.tables import Table
from worker.importing.values import shown
from worker.job import Job
from worker.memory import Memory
from worker.scratch import scratch_directory
from worker.storage import BUCKET, FileStore, is_plain_name


@asynccontextmanager
async def open_source(
    job: Job, table: Table, read_page: ReadPage, store: FileStore, memory: Memory
) -> AsyncIterator[tuple[Source, str | None]]:
    """Open the rows of a job; a file is downloaded, and removed afterwards whatever happens.

    Yields:
        the source, and the version of the file: what another attempt must find unchanged.

    Raises:
        JobRefusedError: there are none that can be read; the text says why.
        DatabaseUnavailableError: Storage did not answer.

    """
    if job.source is None:
        if job.row_count is None:
            raise JobRefusedError("The job holds no records. Please upload the file again.")
        yield RecordSource(job.row_count, read_page), None
        return
    options = FileOptions.from_json(memory.said)
    if options.sheet is None:
        options = replace(options, likely_sheets=memory.sheets)
    stored = path_in_bucket(job)
    with scratch_directory() as directory:
        file = directory / "file"
        version = await store.download(stored, file)
        opened = await open_file(file, options, _judge(job, table, memory), store.most_bytes)
        with closing(opened) as source:
            yield source, version


def path_in_bucket(job: Job) -> str:
    """Give the path of a job's file, which must lie in its organization's folder.

    Raises:
        JobRefusedError: it does not, or it is no path.

    """
    source = job.source or {}
    path = source.get("path")
    if source.get("bucket", BUCKET) != BUCKET:
        raise JobRefusedError(f"Files are imported from the bucket {BUCKET} only.")
    if not isinstance(path, str) or not path.isprintable():
        raise JobRefusedError("The job names no file. Please upload the file again.")
    folder, *names = path.split("/")
    if folder != job.organization_id or not names or not all(map(is_plain_name, names)):
        raise JobRefusedError(
            f"The file {shown(path)} is not in your organization's folder. "
            "Please upload the file again."
        )
    return path


def _judge(job: Job, table: Table, memory: Memory) -> HeaderJudge:
    """Tell headers by the mapping's columns, else by earlier files' and by the fields' names."""
    if job.mapping:
        return judge_by_mapping(with_template(job.mapping, memory.template), table)
    return judge_by_memory(memory, table)
