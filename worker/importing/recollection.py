"""What is known of a job's columns before anybody looks at them: its template, earlier files."""

from worker.exceptions import JobRefusedError
from worker.importing.columns import refuse_unknown_habits
from worker.importing.tables import Table
from worker.importing.values import shown
from worker.job import Job
from worker.memory import Memory
from worker.queue import JobQueue

_MOST_NAMED = 20


async def recall(queue: JobQueue, job: Job, table: Table) -> Memory:
    """Ask the database what it remembers; not for records whose keys are fields already.

    Raises:
        JobRefusedError: there is no template of the name that the job gives, or an option can't be
            meant.

    """
    fields = [field.name for field in table.fields]
    refuse_unknown_habits(job.options, fields)
    template = job.options.get("template")
    if template is not None and not isinstance(template, str):
        raise JobRefusedError('The option "template" must be the name of a template.')
    if job.source is None and job.mapping is not None:
        return Memory(job.options)
    memory = await queue.recall(job.run_id, template, job.options)
    if memory.template is not None:
        refuse_unknown_habits(memory.template.options, fields)
    elif template is not None:
        raise JobRefusedError(_no_template(template, memory.template_names, table))
    return memory


def _no_template(wanted: str, names: tuple[str, ...], table: Table) -> str:
    if not names:
        return f"There is no template {shown(wanted)}: there are none for {table.noun} yet."
    listed = ", ".join(map(shown, names[:_MOST_NAMED]))
    more = f" and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
    return f"There is no template {shown(wanted)} for {table.noun}. There are: {listed}{more}."
