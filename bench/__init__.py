"""What the worker costs and how fast it is, beside other ways to the same rows: `make bench`."""
