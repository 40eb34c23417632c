"""Doctor's checks, a file each."""
