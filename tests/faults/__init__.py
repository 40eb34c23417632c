"""Breaks everything the worker stands on, while it works, and counts what is lost: none.

``python -m tests.faults`` from the project's root; ``--help`` tells what there is.
"""
