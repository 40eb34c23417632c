"""The ProSpaces import worker: scheduled_jobs in, inventory out."""

# As in pyproject.toml; hosts install the requirements, not the package.
__version__ = "1.0.0"
