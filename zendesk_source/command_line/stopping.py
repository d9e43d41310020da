"""Ctrl-C and SIGTERM end a load at once, wherever it waits.

A signal raises in the main thread, which ends any wait of Python's. What is being loaded is let
finish for a moment, because dlt then notes which of its jobs are done. A thread beside it hears
the signal in any case, also while the main thread is within a library that does not listen (a
name look-up, say): it says so, and ends the process when the main thread does not, or at the
second signal. That is as safe as a kill: a package and its positions are loaded together.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

from dlt.common.exceptions import SignalReceivedException
from dlt.common.runtime import signals

from zendesk_source.command_line.output import STOPPED, log
from zendesk_source.login.grants import is_renewing

HANGING_SECONDS = 1.5
"""After a signal, where nothing has to be finished: then the main thread hears nothing."""

UNFINISHED_SECONDS = 10.0
"""After a signal, for what is being loaded, or a login on its way to the disk."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_LOAD_STEP = "dlt.load.load"
_LOOK_SECONDS = 0.1


@contextmanager
def stopping_at_signals(tell: Callable[[str], None], at_last: str = STOPPED) -> Iterator[None]:
    """Raise in the main thread when the process is to end; nothing where another thread asks.

    Args:
        tell: Told, from a thread of its own, that a signal was heard.
        at_last: Said when the process has to be ended.

    Raises:
        KeyboardInterrupt: One was; with dlt's ``signal_code``.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard, hears = socket.socketpair()
    hears.setblocking(False)
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    before_fd = signal.set_wakeup_fd(hears.fileno(), warn_on_full_buffer=False)
    watching = threading.Thread(target=_watch, args=(heard, tell, at_last), daemon=True)
    watching.start()
    try:
        for number in _SIGNALS:
            signal.signal(number, _stop)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(before_fd)
        hears.close()
        watching.join(HANGING_SECONDS)  # it may have something to say yet
        signals.set_received_signal(0)


def _stop(number: int, frame: FrameType | None) -> None:
    if signals.was_signal_received():
        return  # the second one is the watching thread's
    signals.set_received_signal(number)
    signals.wake_all()
    if not _is_loading(frame):
        raise SignalReceivedException(number)


def _watch(heard: socket.socket, tell: Callable[[str], None], at_last: str) -> None:
    """Wait for a signal, and see that it has an effect."""
    with heard:
        number = _next_signal(heard)
        if not number:
            return
        is_loading = _is_loading(_frame_of_main())
        tell("stopping" + " after what is being loaded; again: at once" * is_loading)
        begun_at = time.monotonic()
        heard.settimeout(_LOOK_SECONDS)
        while True:
            with suppress(TimeoutError):
                if not _next_signal(heard):
                    return  # the main thread has left
                break
            seconds = time.monotonic() - begun_at
            is_unfinished = _is_loading(_frame_of_main()) or is_renewing()
            if seconds > (UNFINISHED_SECONDS if is_unfinished else HANGING_SECONDS):
                break
        log.info(at_last)
        _end(number)


def _next_signal(heard: socket.socket) -> int:
    """Return the next of our signals; 0 when there will be none."""
    while received := heard.recv(1):
        if received[0] in _SIGNALS:
            return received[0]
    return 0


def _is_loading(frame: FrameType | None) -> bool:
    """Whether dlt's load step is among what called a frame."""
    while frame is not None:
        if frame.f_globals.get("__name__") == _LOAD_STEP:
            return True
        frame = frame.f_back
    return False


def _frame_of_main() -> FrameType | None:
    frames: dict[Any, FrameType] = sys._current_frames()
    return frames.get(threading.main_thread().ident)


def _end(number: int) -> None:
    """End the process without waiting for any thread; the kernel lets go of its locks."""
    if sys.stderr.isatty():
        with suppress(OSError):
            os.write(2, b"\x1b[?25h")  # a live table hides the cursor
    os._exit(128 + number)
