"""Serve a local Zendesk from the command line."""

from __future__ import annotations

import argparse
import json
import math
import signal
import sys
import threading
from collections.abc import Sequence
from datetime import datetime, timezone

from zendesk_source.catalogue import STREAMS
from zendesk_source.errors import ConfigurationError
from zendesk_source.simulator import Account, RateLimits, SimulatedClock, Simulator
from zendesk_source.simulator.door.rate_limits import REQUESTS_A_MINUTE

EMAIL, TOKEN = "agent@example.com", "token"
CLIENT = ("client", "secret")
BEARER = "simulated-token"

DESCRIPTION = """\
Serve a made-up Zendesk account on this machine, for trying out, tests and CI.

Its exports, lists, rate limits and OAuth behave as recorded answers of Zendesk do. Nothing
leaves the machine, and the credentials that it prints are good for it alone."""


def add_arguments(options: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    options.add_argument("--port", type=int, default=8123, help="port (%(default)s; 0: any free)")
    options.add_argument("--tickets", type=int, default=5000, help="tickets (%(default)s)")
    options.add_argument("--users", type=int, default=1500, help="users (%(default)s)")
    options.add_argument("--organizations", type=int, default=120, help="(%(default)s)")
    options.add_argument("--days", type=int, default=365, help="days of history (%(default)s)")
    options.add_argument("--seed", type=int, default=1, help="same seed, same rows (%(default)s)")
    options.add_argument(
        "--plan",
        choices=["off", *REQUESTS_A_MINUTE],
        default="enterprise",
        help="whose rate limits apply (%(default)s)",
    )
    options.add_argument(
        "--high-volume", action="store_true", help="30 instead of 10 exports a minute"
    )
    options.add_argument(
        "--time-scale",
        type=float,
        default=1.0,
        help="simulated seconds a second: 60 makes rate limits pass in a second (%(default)s)",
    )
    options.add_argument(
        "--fault-rate", type=float, default=0.0, help="share of requests that fail (%(default)s)"
    )
    options.add_argument(
        "--refuse", action="append", default=[], metavar="STREAM", help="answer it with 403"
    )
    options.add_argument(
        "--close-exports", action="store_true", help="refuse all incremental exports"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m zendesk_source.simulator",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_arguments(parser)
    try:
        return run(parser.parse_args(arguments, argparse.Namespace(json=False)))
    except ConfigurationError as error:
        parser.error(str(error))


def run(chosen: argparse.Namespace) -> int:
    """Serve until interrupted; returns the exit code.

    Raises:
        ConfigurationError: An option cannot be meant, or the port is taken.
    """
    _check(chosen)
    clock = SimulatedClock(datetime.now(timezone.utc), ticking=True, time_scale=chosen.time_scale)
    account = Account.generate(
        chosen.seed,
        tickets=chosen.tickets,
        users=chosen.users,
        organizations=chosen.organizations,
        days=chosen.days,
        clock=clock,
    )
    limits = (
        RateLimits.off()
        if chosen.plan == "off"
        else RateLimits.plan(chosen.plan, high_volume=chosen.high_volume)
    )
    try:
        simulator = Simulator(
            account,
            rate_limits=limits,
            api_token=(EMAIL, TOKEN),
            oauth_client=CLIENT,
            oauth_token=BEARER,
            port=chosen.port,
        )
    except OSError as error:
        raise ConfigurationError(
            f"Port {chosen.port} cannot be used: {error.strerror}.",
            "Name another one with --port; 0 takes any that is free.",
        ) from error
    simulator.fault_rate(chosen.fault_rate, chosen.seed)
    for stream in chosen.refuse:
        simulator.refuse(stream)
    if chosen.close_exports:
        simulator.close_exports()
    with simulator:
        signalled = _heard_signals()
        print(_as_json(simulator) if chosen.json else _greeting(simulator), flush=True)
        signalled.wait()
    if not chosen.json:
        print("stopped")
    return 0


def _check(chosen: argparse.Namespace) -> None:
    """Refuse what cannot be served, before an account is made up."""
    ranges = {
        "port": (0, 65_535),
        "tickets": (0, math.inf),
        "users": (2, math.inf),
        "organizations": (1, math.inf),
        "days": (1, math.inf),
        "time_scale": (0.001, math.inf),
        "fault_rate": (0, 0.99),
    }
    for name, (least, most) in ranges.items():
        if not least <= getattr(chosen, name) <= most:
            limit = f"{least} or more" if most == math.inf else f"{least} to {most}"
            option = "--" + name.replace("_", "-")
            raise ConfigurationError(f"{option} must be {limit}.", "Leave it out for the default.")
    if unknown := sorted(set(chosen.refuse) - {stream.name for stream in STREAMS}):
        raise ConfigurationError(
            f"There is no stream {unknown[0]!r} to refuse.", "`zendesk-source streams` lists them."
        )


def _greeting(simulator: Simulator) -> str:
    rules = simulator.credentials.rules
    return f"""\
Serving {len(simulator.account.stores["tickets"]):,} tickets at {simulator.base_url}

  API token      {EMAIL}/token : {TOKEN}
  Bearer token   {BEARER}
  OAuth client   id {CLIENT[0]}, secret {CLIENT[1]}
  refresh token  {simulator.issue_refresh_token()}
  Public client  id {rules.public_client}, redirect URL {rules.redirect_uris[0]}

  curl -u {EMAIL}/token:{TOKEN} '{simulator.base_url}/api/v2/tickets.json?page[size]=1' -g

To load it, in another shell:

  export ZENDESK_SUBDOMAIN=simulated ZENDESK_CLIENT_ID={CLIENT[0]} ZENDESK_CLIENT_SECRET={CLIENT[1]}
  export SOURCES__ZENDESK__CREDENTIALS__BASE_URL={simulator.base_url}
  zendesk-source load

Ctrl-C stops it."""


def _as_json(simulator: Simulator) -> str:
    return json.dumps(
        {
            "base_url": simulator.base_url,
            "email": EMAIL,
            "token": TOKEN,
            "oauth_token": BEARER,
            "client_id": CLIENT[0],
            "client_secret": CLIENT[1],
            "refresh_token": simulator.issue_refresh_token(),
        },
        indent=2,
    )


def _heard_signals() -> threading.Event:
    """Return what a signal sets from now on: who reads the greeting may send one at once."""
    signalled = threading.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_: signalled.set())
    return signalled


if __name__ == "__main__":
    sys.exit(main())
