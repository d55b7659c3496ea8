"""`python -m load.crowd URL TOKEN JOB COUNT`: so many WebSocket clients of one job, in a process of their own.

Says "ready" when all are connected and have seen the beginning; at the end prints JSON: how many saw every event
in order, and how long after its moment each event arrived.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from datetime import datetime

from websockets.asyncio.client import connect

_AT_ONCE = 25
_BEFORE_READY = 1  # the first event is there before anybody comes


async def main(url: str, token: str, job: str, count: int) -> None:
    """Watches to the end."""
    _raise_limit(count + 200)
    gate = asyncio.Semaphore(_AT_ONCE)
    connected: asyncio.Queue[None] = asyncio.Queue()
    watching = [asyncio.create_task(_watch(url, token, job, gate, connected)) for _ in range(count)]
    for _ in range(count):
        waiting = asyncio.create_task(connected.get())
        done, _ = await asyncio.wait([waiting, *(w for w in watching if w.done())], return_when=asyncio.FIRST_COMPLETED)
        if waiting not in done:
            next(iter(done)).result()  # somebody ended before the beginning: tell why
            await waiting
    print("ready", flush=True)
    seen = await asyncio.gather(*watching)
    whole = sum(numbers == list(range(1, len(numbers) + 1)) for numbers, _ in seen)
    most = max(len(numbers) for numbers, _ in seen)
    complete = sum(len(numbers) == most for numbers, _ in seen)
    late = [delay for _, delays in seen for delay in delays]
    print(json.dumps({"in_order": whole, "complete": complete, "events": most, "late": late}), flush=True)


async def _watch(
    url: str, token: str, job: str, gate: asyncio.Semaphore, connected: asyncio.Queue[None]
) -> tuple[list[int], list[float]]:
    numbers: list[int] = []
    late: list[float] = []
    async with gate:
        socket = await connect(
            f"{url.replace('http', 'ws', 1)}/api/live",
            additional_headers={"Authorization": f"Bearer {token}"},
            open_timeout=120,
            ping_interval=None,
            compression=None,
            max_size=None,
            proxy=None,
        )
        await socket.send(json.dumps({"subscribe": f"job:{job}"}))
        while not numbers:
            await _take(json.loads(await socket.recv()), numbers, [])
    connected.put_nowait(None)
    async for text in socket:
        message = json.loads(text)
        if message["type"] == "end":
            break
        await _take(message, numbers, late)
    await socket.close()
    return numbers, late


async def _take(message: dict[str, object], numbers: list[int], late: list[float]) -> None:
    if message["type"] == "events":
        arrived = time.time()
        for event in message["items"]:  # type: ignore[attr-defined]
            numbers.append(event["seq"])
            late.append(arrived - datetime.fromisoformat(event["at"]).timestamp())


def _raise_limit(wanted: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
