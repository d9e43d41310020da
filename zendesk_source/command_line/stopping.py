"""Ctrl-C and SIGTERM end a load at once, wherever it waits.

A signal raises in the main thread, which ends any wait of Python's. A package that is being loaded
gets a moment to finish, because dlt then notes which of its jobs are done. A second thread hears
every signal, even while the main thread is inside a library that does not listen, such as a name
look-up. It reports the signal, and ends the process if the main thread does not, or at the second
signal. That is as safe as a kill: a package and its positions are loaded together.
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
"""How long after a signal the main thread may take if it has nothing to finish."""

UNFINISHED_SECONDS = 10.0
"""How long it may take to finish a package, or to store a login on the disk."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_LOAD_STEP = "dlt.load.load"
_LOOK_SECONDS = 0.1


@contextmanager
def stopping_at_signals(tell: Callable[[str], None], at_last: str = STOPPED) -> Iterator[None]:
    """Raise in the main thread when a signal asks the process to end.

    In any other thread it does nothing.

    Args:
        tell: Called with a text when a signal was heard, from a thread of its own.
        at_last: What to log if the process has to be ended.

    Raises:
        KeyboardInterrupt: A signal was heard; it has dlt's ``signal_code``.
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
    """Wait for a signal, and make sure that it ends the process."""
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
    """Return the number of the next signal that ends us; 0 if none will come."""
    while received := heard.recv(1):
        if received[0] in _SIGNALS:
            return received[0]
    return 0


def _is_loading(frame: FrameType | None) -> bool:
    """Whether dlt's load step is among the callers of a frame."""
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
