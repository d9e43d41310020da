"""The sign of a parent: decides whether its rows may have changed, and when to look anyway."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from zendesk_source.catalogue import Parent
from zendesk_source.extract.positions import SETTLE_SECONDS
from zendesk_source.times import epoch_of

REREAD_DAYS = 30
"""Each parent is asked this often anyway. Changes can cancel out: one vote goes, another comes."""

DAY_SECONDS = 86_400
_ROWS = " rows "


@dataclass(frozen=True, slots=True)
class Sign:
    """The sign at which the rows of a parent were read.

    Attributes:
        told: The parent's columns as text, or the round in which it was asked.
        rows: Digest of the rows that were read; empty where it does not matter.
    """

    told: str
    rows: str = ""

    @classmethod
    def parse(cls, text: str) -> Sign:
        """Return the sign that a text in the state stands for."""
        told, _, rows = text.partition(_ROWS)
        return cls(told, rows)

    @property
    def text(self) -> str:
        """The sign as text, for the state."""
        return f"{self.told}{_ROWS}{self.rows}" if self.rows else self.told


def sign_of_round(number: int) -> Sign:
    """Return the sign of a parent that shows no changes, so that it is asked in every round."""
    return Sign(f"#{number}")


def sign_of(row: Mapping[str, Any], parent: Parent, now: int, number: int) -> Sign:
    """Return the sign of a parent.

    Args:
        row: The parent as Zendesk shows it.
        parent: Declares which of its columns change with its rows.
        now: Zendesk's time, epoch seconds.
        number: Number of the round in which the parents are gone through.
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
