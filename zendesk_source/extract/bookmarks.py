"""Open a stream's position before it is read, and save it behind its pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from zendesk_source.catalogue import Stream
from zendesk_source.extract.kept import POSITIONS
from zendesk_source.extract.newest_rows import forget_newest, remember_newest
from zendesk_source.extract.positions import (
    EXPORTS,
    StreamPosition,
    open_position,
    save_position,
    without_future,
)
from zendesk_source.extract.steps import Step

WAS_IN_FUTURE = (
    "The saved position lay in the future, where nothing would ever have been found;"
    " it was read on from the last row before it."
)


def opened(
    stream: Stream, state: dict[str, Any], start: int, end: int | None, now: int
) -> tuple[StreamPosition, bool]:
    """Return where a stream stands, and whether the saved position lay in the future.

    Args:
        stream: The stream.
        state: The stream's part of the state.
        start: Epoch seconds at which the window begins.
        end: Epoch seconds of the first row behind the window, or None.
        now: Epoch seconds of Zendesk's clock.

    Raises:
        UnexpectedAnswer: The saved position lies in the future, and nothing tells where else to
            go on.
    """
    back = 0 if stream.paging in EXPORTS else stream.lookback_seconds
    positions = state.setdefault(POSITIONS, {})
    saved = open_position(positions, start, end, lookback_seconds=back)
    position = without_future(saved, stream.name, now)
    return position, position != saved


def save_steps(
    stream: Stream,
    state: dict[str, Any],
    steps: Sequence[Step],
    end: int | None,
    digest_key: bytes,
) -> None:
    """Write into the state that the pages of some steps were read.

    Args:
        stream: The stream.
        state: The stream's part of the state.
        steps: The steps.
        end: As of ``opened``.
        digest_key: As of ``digest_of``.
    """
    # Aside at first: nothing of it may stay when a part of it fails.
    after = {**state, POSITIONS: {**state[POSITIONS]}}
    save_position(after[POSITIONS], steps[-1].position, end)
    if end is None:
        remember_newest(stream, [step.page for step in steps], after, digest_key)
    else:
        forget_newest(after)  # they may be loaded in another state now
    state.update(after)
