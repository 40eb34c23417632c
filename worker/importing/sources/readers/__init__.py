"""What reads strangers' files in a child process: a reader a format, and the child's entry."""
