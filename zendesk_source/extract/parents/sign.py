"""The sign of a parent: what tells that its rows may have changed, and when to look anyway."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from zendesk_source.catalogue import Parent
from zendesk_source.extract.positions import SETTLE_SECONDS
from zendesk_source.times import epoch_of

REREAD_DAYS = 30
"""Signs can cancel out: one vote goes, another comes. Each parent is asked once in that time."""

DAY_SECONDS = 86_400
_ROWS = " rows "


@dataclass(frozen=True, slots=True)
class Sign:
    """At which sign the rows of a parent were read.

    Attributes:
        told: What the parent said, or the round in which it was asked.
        rows: Digest of the rows that were read; empty where it does not matter.
    """

    told: str
    rows: str = ""

    @classmethod
    def parse(cls, text: str) -> Sign:
        """Return a sign as it stands in the state."""
        told, _, rows = text.partition(_ROWS)
        return cls(told, rows)

    @property
    def text(self) -> str:
        """The sign as it is kept in the state."""
        return f"{self.told}{_ROWS}{self.rows}" if self.rows else self.told


def sign_of_round(number: int) -> Sign:
    """Return the sign of a parent that tells nothing: it is asked in every round."""
    return Sign(f"#{number}")


def sign_of(row: Mapping[str, Any], parent: Parent, now: int, number: int) -> Sign:
    """Return what of a parent changes with its rows.

    Args:
        row: The parent, as Zendesk shows it.
        parent: What its stream tells.
        now: Zendesk's time, epoch seconds.
        number: Of the round in which the parents are gone through.
    """
    stream, signs = parent.stream, parent.signs
    if stream.is_incremental:
        return Sign(str(row.get(stream.cursor_field or "")))
    if not signs:
        return sign_of_round(number)
    told = " ".join(str(row.get(name)) for name in signs)
    times = [epoch_of(row.get(name)) for name in signs if stream.columns[name] == "timestamp"]
    if any(time is not None and time > now - SETTLE_SECONDS for time in times):
        return Sign(f"{told} at {now}")  # it may change again within its second
    day = now // DAY_SECONDS + crc32(str(row[stream.primary_key[0]]).encode())
    return Sign(f"{told} {day // REREAD_DAYS}")
