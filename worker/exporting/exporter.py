"""One export from claim to finish.

Pages of the table go into a local file as they come, and the file into Storage. Whatever stops a
run, the next one starts over: an export changes nothing.
"""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from worker.ending import Finish, run_to_end
from worker.exceptions import JobRefusedError, StopRequestedError
from worker.exporting.entities import Entity
from worker.exporting.formats import FILES, CustomWriter, Template, Writer
from worker.exporting.options import ExportOptions, file_name, read_options
from worker.exporting.pages import Pages
from worker.exporting.texts import page_texts
from worker.heartbeat import Heartbeat
from worker.job import ExportPage, Job
from worker.queue import JobQueue
from worker.scratch import scratch_directory
from worker.storage import FileStore, is_plain_name


async def run_export(queue: JobQueue, store: FileStore, job: Job, stop: asyncio.Event) -> None:
    """Export what a claimed job asks for and end its run, whatever happens: see run_to_end.

    When stop is set, the job is released.
    """
    await run_to_end(queue, job, _Run(queue, store, job, stop).carry_out)


@dataclass(frozen=True, slots=True)
class _File:
    """What is to be written."""

    ending: str
    content_type: str
    most_rows: int | None
    template: Template | None

    def open(self, path: Path, options: ExportOptions) -> Writer:
        if self.template:
            return CustomWriter(path, options.entity, self.template)
        return FILES[options.format].open(path, options.entity)


@dataclass(frozen=True, slots=True)
class _Run:
    """One attempt at one job."""

    queue: JobQueue
    # The bucket exports.
    store: FileStore
    job: Job
    stop: asyncio.Event

    async def carry_out(self, heartbeat: Heartbeat) -> Finish:
        """Write the file and store it; how to finish.

        Raises:
            ImportWorkerError: or a bug, or an ExceptionGroup of them.

        """
        options = read_options(self.job)
        if not is_plain_name(self.job.organization_id):
            raise JobRefusedError(
                "Files cannot be stored for this organization. Please contact support."
            )
        file = await self._describe(options)
        total = await self._count(options, file)
        heartbeat.show(total)
        with scratch_directory() as directory:
            local = directory / "export"
            writer = file.open(local, options)
            try:
                count = await self._write(writer, options, heartbeat)
                await asyncio.to_thread(writer.close)
            finally:
                writer.abandon()
            self._raise_if_stopped()
            name = file_name(self.job, options.entity, file.ending)
            path = f"{self.job.organization_id}/{self.job.job_id}/{name}"
            await self.store.upload(path, local, file.content_type)
        return partial(self.queue.finish_export, self.job.run_id, count, path, writer.notes)

    async def _describe(self, options: ExportOptions) -> _File:
        if options.template_id is None:
            kind = FILES[options.format]
            return _File(options.format, kind.content_type, kind.most_rows, None)
        found = await self.queue.read_export_template(self.job.run_id, options.template_id)
        if found is None:
            raise JobRefusedError(
                "The export template is not there any more. Please choose another one."
            )
        template = Template.from_json(found, options.entity)
        return _File(template.ending, "text/plain; charset=utf-8", None, template)

    async def _count(self, options: ExportOptions, file: _File) -> int:
        name = options.entity.name
        total = await self.queue.begin_export(self.job.run_id, name, options.filters)
        if total is None:
            raise JobRefusedError(
                f"There are no {name} here that could be exported"
                f"{' by this filter' if options.filters else ''}."
            )
        if file.most_rows is not None and total > file.most_rows:
            raise JobRefusedError(
                f"{total:,} rows are more than fit into a workbook, which are {file.most_rows:,}. "
                "Please export them as CSV."
            )
        return total

    async def _write(self, writer: Writer, options: ExportOptions, heartbeat: Heartbeat) -> int:
        count = 0
        pages = Pages(self.queue, self.job.run_id, options.entity, options.filters)
        async with aclosing(pages.read()) as reading:
            async for page in reading:
                self._raise_if_stopped()
                # In a thread, so that the lease is extended however long a page takes.
                await asyncio.to_thread(_write_page, writer, options.entity, page)
                count += page.row_count
                heartbeat.advance(page.row_count)
        return count

    def _raise_if_stopped(self) -> None:
        if self.stop.is_set():
            raise StopRequestedError


def _write_page(writer: Writer, entity: Entity, page: ExportPage) -> None:
    writer.write(page_texts(entity, page))
