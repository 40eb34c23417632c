"""A release is told in three places, which say the same."""

import re
import tomllib
from pathlib import Path

from worker import __version__

PROJECT = Path(__file__).parents[2]


def test_the_version_is_the_same_everywhere():
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    released = re.findall(r"^## (\d\S*) – \d{4}-\d\d-\d\d$", _changelog(), re.MULTILINE)
    assert [project["version"], released[0]] == [__version__, __version__]


def test_no_line_of_the_changelog_comes_twice():
    lines = [line for line in _changelog().splitlines() if line.startswith("- ")]
    assert len(lines) == len(set(lines))


def _changelog():
    return (PROJECT / "CHANGELOG.md").read_text()
