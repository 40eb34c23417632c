"""Commands of the worker's, as they are typed, each in a process of its own."""

import subprocess
import tempfile
from pathlib import Path

from tests import warm


def run(
    *arguments: object,
    environment: dict[str, str],
    cwd: Path = warm.PROJECT,
    typed: str = "",
) -> subprocess.CompletedProcess[str]:
    """Run ``python -m worker ARGUMENTS`` and type what it asks for."""
    with tempfile.TemporaryDirectory() as folder:
        typed_file, output, errors = (Path(folder, name) for name in ("typed", "said", "errors"))
        typed_file.write_text(typed)
        process = warm.start(
            "worker", *arguments,
            environment=environment, output=output, errors=errors, typed=typed_file, cwd=cwd,
        )  # fmt: skip
        code = process.wait()
        return subprocess.CompletedProcess(arguments, code, output.read_text(), errors.read_text())
