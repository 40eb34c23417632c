"""What can end a run early. Each class's docstring says what happened and what follows."""


class ImportWorkerError(Exception):
    """Base of everything below."""


class ConfigError(ImportWorkerError):
    """A setting is missing or wrong. The text names each one and says what to set."""


class JobRefusedError(ImportWorkerError):
    """The job cannot be imported as it is. The text tells its owner why; the job fails with it."""


class JobCancelledError(ImportWorkerError):
    """A user cancelled the job. What landed stays; the run is closed as cancelled."""


class RunLostError(ImportWorkerError):
    """The run is over: another worker has the job, or it was deleted. Drop it, write nothing."""


class DatabaseUnavailableError(ImportWorkerError):
    """The database did not answer in spite of retries. The job is released, to be tried later."""


class RequestRefusedError(ImportWorkerError):
    """The database refused a call for good (revoked key, missing function). Retrying is useless."""
