"""Where the worker's time goes: ``python -m bench.profile``, by function and by room."""

import asyncio
import cProfile
import pstats
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import psycopg

from bench import rows as data
from bench.ground import Ground, in_jobs
from devstack import running
from worker.config import Settings
from worker.logs import configure_logs
from worker.service import serve

_ROWS = 20_000
_SHOWN = 25


def main() -> None:
    """Import some jobs in this process, under the profiler."""
    configure_logs("error")
    with ExitStack() as held:
        stack = held.enter_context(running())
        database = held.enter_context(psycopg.connect(stack.db_url, autocommit=True))
        ground = Ground(stack, database)
        settings = Settings(supabase_url=stack.url, supabase_secret_key=stack.keys.secret)
        for lap in ("warm", "measured"):
            organization, _ = ground.organization()
            for file_data in in_jobs(data.items(_ROWS)):
                ground.job(organization, file_data)
            profiler = cProfile.Profile()
            profiler.enable()
            asyncio.run(serve(settings, once=True))
            profiler.disable()
            print(f"{lap}: {_ROWS:,} rows")
    stats = pstats.Stats(profiler)
    stats.sort_stats("tottime").print_stats(_SHOWN)
    rooms: Counter[str] = Counter()
    for (file, _, name), (_, _, own, _, _) in stats.stats.items():
        rooms[_room(file, name)] += own
    print("seconds by room, waiting apart:")
    for room, seconds in rooms.most_common(15):
        print(f"  {seconds:7.3f}  {room}")


def _room(file: str, name: str) -> str:
    if "poll" in name:
        return "(waiting)"
    parts = Path(file).parts
    if "worker" in parts:
        return "/".join(parts[parts.index("worker") :])
    if "site-packages" in parts:
        return parts[parts.index("site-packages") + 1]
    return "Python itself"


if __name__ == "__main__":
    main()
