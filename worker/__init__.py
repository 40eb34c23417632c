"""The ProSpaces import worker: it does what the rows of scheduled_jobs ask for."""

# As in pyproject.toml; hosts install the requirements, not the package.
__version__ = "1.0.0"
