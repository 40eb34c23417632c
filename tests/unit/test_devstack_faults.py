import asyncio
import json
from dataclasses import asdict

import pytest

from devstack.faults import Faults, HttpRule
from devstack.injection import Injection


def injection_with(*rules):
    injection = Injection()
    injection.set(Faults(http=rules))
    return injection


@pytest.mark.parametrize(
    ("rule", "applied"),
    [
        (HttpRule("/rest/", "drop"), [True, True, True, True]),
        (HttpRule("/rest/", "drop", count=2), [True, True, False, False]),
        (HttpRule("/rest/", "drop", skip=1, count=2), [False, True, True, False]),
        (HttpRule("/rest/", "drop", skip=3), [False, False, False, True]),
        (HttpRule("/rest/", "drop", method="GET"), [False, False, False, False]),
        (HttpRule("rpc/claim", "drop"), [True, True, True, True]),
        (HttpRule("/auth/", "drop"), [False, False, False, False]),
    ],
)
def test_a_rule_applies_to_what_it_matches(rule, applied):
    injection = injection_with(rule)
    found = [injection.rule_for("POST", "/rest/v1/rpc/claim_import_jobs") for _ in range(4)]
    assert [one is rule for one in found] == applied
    assert injection.injected["drop"] == sum(applied)


def test_the_next_rule_takes_over_when_one_is_used_up():
    first, second = HttpRule("/", "drop", count=1), HttpRule("/", "status", count=1)
    injection = injection_with(first, second)
    assert [injection.rule_for("GET", "/x") for _ in range(3)] == [first, second, None]


def test_setting_faults_again_starts_counting_again():
    rule = HttpRule("/", "drop", count=1)
    injection = injection_with(rule)
    assert injection.rule_for("GET", "/x") is rule
    injection.set(Faults(http=(rule,)))
    assert injection.rule_for("GET", "/x") is rule


async def test_what_is_held_goes_on_when_the_faults_change():
    injection = injection_with(HttpRule("/", "hold"))
    held = asyncio.create_task(injection.hold(injection.changed))
    await asyncio.sleep(0)
    assert (injection.held, held.done()) == (1, False)
    injection.set(Faults())
    assert injection.held == 0
    await held


async def test_what_comes_to_be_held_after_its_faults_are_gone_is_not():
    injection = injection_with(HttpRule("/", "hold_answer"))
    changed = injection.changed
    injection.set(Faults())
    await injection.hold(changed)
    assert injection.held == 0


def test_faults_survive_the_way_through_json():
    faults = Faults(
        latency_ms=20,
        http=(HttpRule("/rest/v1/", "status", status=429, retry_after=3, count=5),),
        realtime="flapping",
        flap_seconds=0.5,
    )
    assert Faults.from_json(json.loads(json.dumps(asdict(faults)))) == faults


@pytest.mark.parametrize(
    "content", [{"latency": 1}, {"http": [{"path": "/", "action": "x", "y": 1}]}]
)
def test_unknown_names_are_refused(content):
    with pytest.raises(TypeError):
        Faults.from_json(content)
