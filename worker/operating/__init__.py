"""What keeps a worker and its database in order, beside the jobs."""
