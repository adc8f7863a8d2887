"""What can go wrong with the store, by what the caller should do about it."""

from __future__ import annotations


class StoreError(Exception):
    """The store refused or could not be reached."""


class Fenced(StoreError):
    """Somebody else owns the partition now: drop what is buffered, we are a zombie."""


class Contended(StoreError):
    """Another writer was faster on the same row: roll back and try the whole batch again."""


class Halted(StoreError):
    """Intake of the partition is halted: too many of its recent events were bad."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


class Importing(StoreError):
    """`regulars import` holds the store: wait until it is done."""


class Newer(StoreError):
    """A newer Regulars has been here: what it wrote is not ours to read. Nothing was changed."""


class Unreachable(StoreError):
    """The database cannot do it now: wait and do it again. The message names it without its password."""


class Full(Unreachable):
    """The database has no room left; an operator must make some."""


class Busy(Unreachable):
    """Another transaction holds what we need, and did not let go in time."""
