"""The short form of the fault suite: every kind once."""

import os

import pytest

from tests.faults import suite, table
from tests.faults.kinds import KINDS

# What is chosen by chance: FAULTS_SEED=7 make faults-short
SEED = int(os.environ.get("FAULTS_SEED", "20261123"))


@pytest.mark.timeout(1800)
def test_nothing_is_lost_doubled_or_stuck_whatever_breaks(figure):
    report = suite.run(list(KINDS), seed=SEED, short=True)
    for line in table.in_columns(report.lines):
        figure(line)
    figure(f"{report.seconds:.0f} s in all, FAULTS_SEED={SEED}")
    assert not report.problems
    assert not any(line.lost or line.doubled or line.stuck for line in report.lines)
