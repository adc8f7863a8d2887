"""What can go wrong while events move."""

from __future__ import annotations


class StreamError(Exception):
    """Moving events went wrong."""


class BrokerUnreachable(StreamError):
    """The broker does not answer; the message names it and the remedy."""


class IntakeHalted(StreamError):
    """Too many recent events were bad: the worker stops instead of draining the topic."""


class Stalled(StreamError):
    """Records wait and nobody moves: the process must be started again."""
