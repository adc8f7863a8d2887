"""One contestant in a process of its own: the job as JSON in, the result as the last line of standard output."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import traceback
from collections.abc import Awaitable, Callable

import msgspec

from tests.bench.contest import Job, Timed
from tests.bench.sampler import Sampler


def find(name: str) -> Callable[[Job], Awaitable[Timed]]:
    """The contestant of that name. Each imports only what it needs."""
    if name in ("read", "limit"):
        from tests.bench import bare

        return {"read": bare.read_alone, "limit": bare.limit}[name]
    if name == "obvious":
        from tests.bench.obvious import obvious

        return obvious
    from tests.bench import regulars

    return {"regulars": regulars.end_to_end, "apply": regulars.apply_alone}[name]


def main() -> None:
    """Run the job given as the only argument."""
    logging.basicConfig(level=logging.ERROR)
    job = msgspec.json.decode(sys.argv[1], type=Job)
    sampler = Sampler() if job.sample else None
    try:
        timed = asyncio.run(_run(job))
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)  # Faust's threads must not keep a failed contestant alive
    if sampler is not None:
        print(sampler.stop(), file=sys.stderr)
    sys.stdout.write("\n" + msgspec.json.encode(timed).decode() + "\n")


async def _run(job: Job) -> Timed:
    return await find(job.contestant)(job)


if __name__ == "__main__":
    main()
