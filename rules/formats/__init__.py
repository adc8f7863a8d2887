"""The marketers' files, described once: key by key, for the schemas that editors use and for the reference page.

What reads the files is elsewhere, and says more: this only describes.
"""

from __future__ import annotations

from rules.formats.describe import Format
from rules.formats.events import EVENTS
from rules.formats.offers import OFFERS
from rules.formats.policy import POLICY
from rules.formats.rule import RULE
from rules.formats.segments import SEGMENTS
from rules.formats.tests import TESTS

FORMATS: dict[str, Format] = {one.kind: one for one in (RULE, SEGMENTS, OFFERS, POLICY, EVENTS, TESTS)}
"""Every kind of file, by its name for `regulars rules schema`."""

__all__ = ["FORMATS", "Format"]
