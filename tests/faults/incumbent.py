"""The browser-side processor of docs/FRONTEND.md, as it runs in every open tab, in our way."""

import threading
from datetime import UTC, datetime

import httpx

from tests.faults.scenario import Organization, Scenario, hold
from tests.faults.waiting import wait_until

_POLL_SECONDS = 0.3  # 45 in a browser: here it shall meet the worker


def incumbent(scenario: Scenario) -> None:
    """Two tabs of each organization compete with the worker for every job."""
    scenario.has_competitor = True
    scenario.ground.fleet.ensure(2)
    organizations = [scenario.organization() for _ in range(scenario.size(2, 4))]
    closed = threading.Event()
    begun: list[list[str]] = [[] for _ in range(2 * len(organizations))]
    tabs = [
        threading.Thread(target=_tab, args=(scenario, organization, closed, jobs))
        for organization, jobs in zip(organizations * 2, begun, strict=True)
    ]
    for tab in tabs:
        tab.start()
    try:
        for number in range(1, scenario.size(1, 3) + 1):
            # The worker may have a job once every tab has begun to import it.
            with scenario.faults(hold("rpc/claim_import_jobs")):
                for organization in organizations:
                    # Each job has items of its own: a slow tab would put an older job's values
                    # over a newer one's, and nobody could tell that from a fault of the worker.
                    scenario.job(organization, scenario.size(60, 200), repeated=0)
                if not wait_until(lambda n=number: all(len(jobs) >= n for jobs in begun)):
                    scenario.problems.append("a tab did not take its job")
            scenario.settle()
            scenario.injected += len(tabs)
    finally:
        closed.set()
        for tab in tabs:
            tab.join()


def _tab(
    scenario: Scenario, organization: Organization, closed: threading.Event, begun: list[str]
) -> None:
    """Poll for due jobs and import them record by record; what the database answers is ignored."""
    with scenario.user(organization) as browser:
        while not closed.wait(_POLL_SECONDS):
            due = browser.get(
                "/scheduled_jobs",
                params={
                    "select": "*",
                    "organization_id": f"eq.{organization.organization_id}",
                    "status": "eq.pending",
                    "scheduled_time": f"lte.{datetime.now(UTC).isoformat()}",
                },
            )
            for job in due.json() if due.is_success else ():
                if job["id"] not in begun:
                    _import(browser, job, begun)


def _import(browser: httpx.Client, job: dict, begun: list[str]) -> None:
    row = f"/scheduled_jobs?id=eq.{job['id']}"
    browser.patch(row, json={"status": "processing"})
    records, imported = job["file_data"]["records"], 0
    for number, record in enumerate(records, start=1):
        imported += _import_record(browser, job["organization_id"], record)
        if number == 1:
            begun.append(job["id"])
        if number % 100 == 0:
            percent = 100 * number // len(records)
            progress = {"current": number, "total": len(records), "percent": percent}
            browser.patch(row, json={"progress": progress})
    done = {"status": "completed", "completed_at": datetime.now(UTC).isoformat()}
    browser.patch(row, json=done | {"record_count": imported})


def _import_record(browser: httpx.Client, organization_id: str, record: dict) -> bool:
    if not record["unit_price"].replace(".", "").isdigit():
        return False
    item = {
        **record,
        "organization_id": organization_id,
        "quantity": int(record["quantity"]),
        "unit_price": int(record["unit_price"].replace(".", "")),
    }
    found = browser.get(
        "/inventory",
        params={
            "select": "id",
            "organization_id": f"eq.{organization_id}",
            "sku": f"eq.{record['sku']}",
        },
    ).json()
    if found:
        return browser.patch(f"/inventory?id=eq.{found[0]['id']}", json=item).is_success
    return browser.post("/inventory", json=item).is_success
