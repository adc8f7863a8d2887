"""A small sampling profiler: where every thread was, looked at every few milliseconds."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from types import FrameType

EVERY = 0.005
SHOWN = 25


class Sampler:
    """Samples from its start to `stop`. A thread that waits is counted where it waits."""

    def __init__(self) -> None:
        self._own: Counter[tuple[str, str]] = Counter()
        self._under: Counter[tuple[str, str]] = Counter()
        self._taken: Counter[str] = Counter()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, name="sampler", daemon=True)
        self._thread.start()

    def stop(self) -> str:
        """End, and say in lines what was seen: share of a thread's samples in a function itself, and under it."""
        self._stop.set()
        self._thread.join()
        lines = []
        for thread, taken in self._taken.most_common():
            lines.append(f"{thread}: {taken} samples (itself, with what it calls)")
            mine = [(count, key) for key, count in self._under.items() if key[0] == thread]
            for under, key in sorted(mine, reverse=True)[:SHOWN]:
                lines.append(f"  {self._own[key] / taken:6.1%} {under / taken:6.1%}  {key[1]}")
        return "\n".join(lines)

    def _sample(self) -> None:
        while not self._stop.wait(EVERY):
            names = {thread.ident: thread.name for thread in threading.enumerate()}
            for ident, frame in sys._current_frames().items():
                if ident != self._thread.ident:
                    self._count(names.get(ident, "?"), frame)

    def _count(self, thread: str, frame: FrameType) -> None:
        self._taken[thread] += 1
        self._own[thread, _place(frame)] += 1
        seen = set()
        walk: FrameType | None = frame
        while walk is not None:
            seen.add(_place(walk))
            walk = walk.f_back
        self._under.update((thread, place) for place in seen)


def _place(frame: FrameType) -> str:
    code = frame.f_code
    return f"{'/'.join(code.co_filename.split('/')[-2:])}:{code.co_name}"
