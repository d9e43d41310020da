"""A copy of a pipeline's destination, of which something may be another's while a sync lasts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from typing import Any

import dlt


@contextmanager
def own_destination(pipeline: dlt.Pipeline) -> Iterator[Any]:
    """Give a pipeline a copy of its destination while this lasts, and yield the copy.

    Other pipelines may share the destination, each with settings of its own. It cannot be made
    anew: what it was given is not all in its arguments.
    """
    before: Any = pipeline.destination
    own: Any = copy(before)
    pipeline.destination = own
    try:
        yield own
    finally:
        pipeline.destination = before
