"""`rules/segments.yaml`."""

from __future__ import annotations

from rules.formats.describe import Format, named
from rules.formats.shapes import CONDITION, ID_PATTERN
from rules.read_segments import MAX_SEGMENTS

_EXAMPLE = """\
loyal: customer.orders >= 3
loyal-at-home:
  - segment("loyal")
  - customer.country == "TH"
"""

SEGMENTS = Format(
    kind="segments",
    file="rules/segments.yaml",
    title="Segments",
    says=(
        'Conditions with a name, which rules and other segments ask for with `segment("loyal")`. Each line is a name,'
        " in small letters, digits and hyphens, and a condition, or a list of which all must hold. They speak of the"
        " customer alone."
    ),
    shape=named(ID_PATTERN, CONDITION, "", MAX_SEGMENTS),
    example=_EXAMPLE,
)
