"""Whether a job's rows are judged before they are written: file_data.options.guards."""

from worker.exceptions import JobRefusedError
from worker.job import Job


def refuse_wrong_guards(job: Job) -> None:
    """Refuse a job whose option "guards" is nothing known, or not its creator's to set.

    Raises:
        JobRefusedError.

    """
    given = job.options.get("guards")
    if given not in {None, "on", "off"}:
        raise JobRefusedError('The option "guards" must be "on" or "off".')
    if given == "off" and not job.may_switch_off_guards:
        raise JobRefusedError(
            "Only an admin of your organization can import with the guards off. Please ask one to "
            'upload the file, or leave out the option "guards".'
        )
