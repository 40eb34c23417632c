"""``python -m worker``."""

import signal
import sys

if sys.argv[1:2] == ["run"]:
    # Before the imports, which take most of a second: a platform that changes its mind about a
    # worker that has just started is told 0, as later.
    for _number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(_number, lambda *_: sys.exit(0))

from worker.cli import main

sys.exit(main())
