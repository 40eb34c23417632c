"""One import from claim to finish: sources, mapping, values, batches."""
