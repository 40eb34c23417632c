"""One export, from claim to finish: a table's rows as a file."""
