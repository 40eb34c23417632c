"""A Supabase on this machine, without Docker, for development and tests."""

from devstack.stack import Stack, running

__all__ = ["Stack", "running"]
