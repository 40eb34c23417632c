"""The ProSpaces import worker: scheduled_jobs in, inventory out."""
