"""A small Supabase Realtime server: `postgres_changes` over Phoenix channels.

It is fed by logical decoding, and written after transcripts of the real server
(tests/data/realtime); the conformance test plays them against this one.
It has no broadcast and no presence.
"""
