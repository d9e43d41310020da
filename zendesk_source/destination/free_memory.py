"""Memory that Python and Arrow have freed goes back to the system, on Linux with glibc."""

from __future__ import annotations

import ctypes
import sys

MAPPED_BYTES = 8 * 1024 * 1024
"""Blocks of memory from this size on go back to the system as soon as they are freed."""

_M_MMAP_THRESHOLD = -3
"""Of glibc's malloc.h."""


def map_large_blocks() -> None:
    """Keep large blocks, such as pages and columns, out of glibc's heaps.

    Small blocks between them would keep the heaps large. glibc does this by itself until the first
    large block is freed. The setting holds for the whole process, also after the sync. A system
    without glibc is left alone.
    """
    set_option = _function_of_glibc("mallopt")
    if set_option is not None:
        set_option(_M_MMAP_THRESHOLD, MAPPED_BYTES)


def give_back_free_memory() -> None:
    """Give back free memory within the heaps, too; this takes some milliseconds."""
    trim = _function_of_glibc("malloc_trim")
    if trim is not None:
        trim(0)


def _function_of_glibc(name: str) -> ctypes._NamedFuncPointer | None:
    return getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None
