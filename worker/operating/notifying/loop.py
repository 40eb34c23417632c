"""Empties the outbox: soon after something ended here, now and then for what ended elsewhere."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import structlog

from worker import metrics
from worker.config import Settings
from worker.exceptions import DatabaseUnavailableError, RequestRefusedError
from worker.logs import where
from worker.operating.notifying.delivery import Delivery, Send, Verdict
from worker.operating.notifying.mail import mail
from worker.operating.notifying.outbox import Claimed, Outbox
from worker.operating.notifying.webhooks import webhooks

log = structlog.get_logger()

# Under way at once; of a channel, one.
_SLOTS = 10
# Between two looks when nothing woke us.
_POLL_SECONDS = 30.0
# And at the least, when others have in hand what is due, or the last look found nothing.
_LEAST_SECONDS = 1.0
# A claim must not keep a worker that shall stop.
_CLAIM_SECONDS = 6.0
# After SIGTERM: what is under way may end, then it is given back. The runs have longer.
_LAND_SECONDS = 8.0
_RELEASE_SECONDS = 3.0


@asynccontextmanager
async def senders(settings: Settings) -> AsyncIterator[Mapping[str, Send]]:
    """Give what this worker can send by, a function a kind of channel."""
    async with webhooks(settings.webhook_private_hosts) as webhook:
        by_mail = mail(settings)
        yield {"webhook": webhook} | ({} if by_mail is None else {"email": by_mail})


async def deliver(
    outbox: Outbox,
    ways: Mapping[str, Send],
    wake: asyncio.Event,
    stop: asyncio.Event,
    *,
    once: bool,
) -> None:
    """Deliver what is due until stop is set; then let land what is under way, for some seconds.

    What goes wrong is logged and tried again: no worker stops for it.

    Args:
        outbox: the database's.
        ways: what to send by.
        wake: set whenever there may be something to deliver, and with stop.
        stop: set when the worker stops.
        once: return when nothing is due.

    """
    under_way: dict[asyncio.Task[Verdict], Delivery] = {}

    def on_end(task: asyncio.Task[Verdict]) -> None:
        del under_way[task]
        wake.set()  # its channel's next one may go

    try:
        while not stop.is_set():
            wake.clear()
            rest = _POLL_SECONDS
            looked_at = time.monotonic()
            found_none = False
            if free := _SLOTS - len(under_way):
                claimed = await _claim(outbox, ways, free)
                found_none = not claimed.deliveries
                for delivery in claimed.deliveries:
                    task = asyncio.create_task(deliver_one(outbox, ways, delivery))
                    under_way[task] = delivery
                    task.add_done_callback(on_end)
                if claimed.next_in is not None:
                    rest = min(rest, max(claimed.next_in, _LEAST_SECONDS))
            if once and not under_way:
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(rest):
                    await wake.wait()
            if found_none:
                # Most imports are told to nobody, and hundreds may end in a second.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(looked_at + _LEAST_SECONDS - time.monotonic()):
                        await stop.wait()
    finally:
        await _land(outbox, under_way)


async def _claim(outbox: Outbox, ways: Mapping[str, Send], most: int) -> Claimed:
    try:
        async with asyncio.timeout(_CLAIM_SECONDS):
            return await outbox.claim(ways, most)
    except (DatabaseUnavailableError, RequestRefusedError, TimeoutError) as error:
        log.warning("notifications_not_claimed", cause=str(error) or "no answer in time")
    except Exception as error:  # noqa: BLE001 - imports must not stop for a message
        log.error("notifications_crashed", error=type(error).__name__, where=where(error))  # noqa: TRY400
    return Claimed((), None)


async def _land(outbox: Outbox, under_way: Mapping[asyncio.Task[Verdict], Delivery]) -> None:
    """Wait for what is under way; give back what takes too long."""
    if not under_way:
        return
    _, late = await asyncio.wait(list(under_way), timeout=_LAND_SECONDS)
    given_back = [under_way[task] for task in late]
    for task in late:
        task.cancel()
    if late:
        await asyncio.wait(late)
        log.warning("notifications_given_back", deliveries=len(late))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_RELEASE_SECONDS):
                releases = (outbox.release(delivery) for delivery in given_back)
                await asyncio.gather(*releases, return_exceptions=True)


async def deliver_one(outbox: Outbox, ways: Mapping[str, Send], delivery: Delivery) -> Verdict:
    """Try once; say how it went to the database and in the log. Never raises but for a cancel."""
    try:
        verdict = await ways[delivery.kind](delivery)
    except Exception as error:  # noqa: BLE001 - a bug of ours must not stop the others
        log.error("notification_crashed", error=type(error).__name__, where=where(error))  # noqa: TRY400
        verdict = Verdict("retry", "It could not be sent because of a fault on our side.")
    metrics.count_notification(delivery.kind, verdict.outcome)
    try:
        status = await outbox.settle(delivery, verdict)
    except (DatabaseUnavailableError, RequestRefusedError) as error:
        status = None  # its lease runs out, and it is sent again
        log.warning("notification_not_settled", cause=str(error))
    log.info(
        "notification_tried",
        notification_id=str(delivery.notification_id),
        delivery_id=str(delivery.id),
        kind=delivery.kind,
        event_told=delivery.event,
        attempt=delivery.attempt,
        outcome=verdict.outcome,
        status=status,
    )
    return verdict
