"""Do without Python's garbage collector while a page is shaped.

Shaping makes thousands of short tuples and lists, none of which refers back to itself, and each
few hundred of them make the collector look through what is alive. That was a tenth of the CPU of
a load of ticket events.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_collection() -> Iterator[None]:
    """Let the collector rest while this lasts, in the whole process.

    Of several threads that do so at once, the first to end lets it work again: so it is never off
    for longer than one of them takes.
    """
    was_enabled = gc.isenabled()
    try:
        gc.disable()
        yield
    finally:
        if was_enabled:
            gc.enable()
