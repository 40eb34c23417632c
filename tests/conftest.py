"""Figures that tests measured, shown at the end of every run, not only of failed ones."""

from collections.abc import Callable

import pytest

_FIGURES = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_FIGURES] = []


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Show a line after the run."""
    return request.config.stash[_FIGURES].append


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if figures := config.stash[_FIGURES]:
        terminalreporter.section("figures of this run")
        for line in figures:
            terminalreporter.line(line)
