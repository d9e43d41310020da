"""How a command ends: whatever happened becomes a message and an exit code."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import traceback
from collections.abc import Callable

from zendesk_source.command_line.output import STOPPED, log, logging_to_stderr
from zendesk_source.errors import ZendeskError, current_folder_gone
from zendesk_source.login.redaction import without_secrets


def ended(run: Callable[[argparse.Namespace], int], options: argparse.Namespace) -> int:
    """Run a command, and turn whatever ends it into a message and an exit code.

    Args:
        run: Runs the command and returns its exit code.
        options: What was typed, with the options of ``add_output_arguments``.
    """
    with logging_to_stderr(options.log_format, is_quiet=options.quiet, is_verbose=options.verbose):
        try:
            code = _run_somewhere(run, options)
            sys.stdout.flush()
        except ZendeskError as error:
            # How it came about is dlt's and the destination's affair, and long.
            log.debug("It came about so:", exc_info=error.__context__ or error)
            log.error(str(error), extra={"fields": {"error": type(error).__name__}})
            return error.exit_code
        except KeyboardInterrupt as stop:
            is_load = getattr(options, "command", "load") == "load"  # the script has no commands
            log.info(STOPPED if is_load else "Stopped.")
            return 128 + int(getattr(stop, "signal_code", signal.SIGINT))
        except BrokenPipeError:
            # Whoever read our output has seen enough; what was to be loaded is loaded.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        except Exception:  # noqa: BLE001 (the last resort: say what to do with the traceback)
            _report_bug(is_json=options.log_format == "json")
            return 1
        return code


def _run_somewhere(run: Callable[[argparse.Namespace], int], options: argparse.Namespace) -> int:
    """Run a command, unless the folder that it was started in is gone.

    Raises:
        ConfigurationError: It is gone.
    """
    if (gone := current_folder_gone()) is not None:
        raise gone
    return run(options)


def _report_bug(*, is_json: bool) -> None:
    """Say what to do with the traceback of the exception at hand, and show it."""
    text = without_secrets(traceback.format_exc())
    if not is_json:
        sys.stderr.write(text)
    log.error(
        "This is a bug in zendesk_source; what was loaded is complete. Please report it with"
        f" the {'traceback' if is_json else 'lines above'}, after removing anything that is not"
        " public.",
        extra={"fields": {"traceback": text} if is_json else {}},
    )
