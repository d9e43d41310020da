"""Serve a made-up Zendesk account on this machine, for trying out, tests and CI.

Its exports, lists, rate limits and OAuth behave like recorded answers of Zendesk. Nothing leaves
the machine, and the credentials that it prints work nowhere else.
"""

from __future__ import annotations

from zendesk_source.simulator.__main__ import add_arguments, run

__all__ = ["add_arguments", "run"]
