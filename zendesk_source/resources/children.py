"""Hand on streams that are read parent by parent, for the parents that changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import dlt
from dlt.common import logger

from zendesk_source.account.children import Tell, child_steps, note_refused
from zendesk_source.account.connection import Connection
from zendesk_source.catalogue import Stream
from zendesk_source.errors import ZendeskError
from zendesk_source.extract.kept import POSITIONS
from zendesk_source.extract.parents.seen import save_step
from zendesk_source.resources.brands import rows_of_brands
from zendesk_source.resources.handing import Handing, handed
from zendesk_source.resources.run import current_slice, shared_reading
from zendesk_source.resources.taking import Taking
from zendesk_source.times import Window, epoch_of


def child_rows(
    stream: Stream, connection: Connection, window: Window
) -> Callable[..., Iterator[Any]]:
    """Return a generator function that reads the rows of the parents that changed."""
    start, end = (epoch_of(moment) for moment in window)

    def read_here(taking: Taking, state: dict[str, Any]) -> Iterator[Any]:
        handing = Handing(stream, connection, taking.run)
        positions = state.setdefault(POSITIONS, {})
        steps = child_steps(
            stream,
            connection,
            shared_reading(),
            positions,
            center=taking.center,
            start=start or 0,
            end=end,
            tell=tell_cost_of(stream),
        )
        try:
            for step in taking.child_steps(steps):
                if step is None:  # nothing has arrived yet: dlt goes on with another stream
                    yield None
                    continue
                save = partial(save_step, positions, step, end)
                yield from handed(handing.tables([step.page]), save)
        except ZendeskError:
            note_refused(stream, positions, taking.run)
            raise
        if taking.run.is_at_end:
            note_refused(stream, positions, taking.run)

    def read() -> Iterator[Any]:
        state = connection.own_state(dlt.current.resource_state())
        yield from rows_of_brands(stream, connection, state, read_here)

    return read


def tell_cost_of(stream: Stream) -> Tell | None:
    """Return what tells what a stream costs that is read parent by parent."""
    part = current_slice()
    if part is not None:
        return part.sync.on_cost
    return logger.warning if stream.is_opt_in else logger.info
