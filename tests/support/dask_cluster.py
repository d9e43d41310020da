"""A Dask scheduler and workers, each a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

from distributed import Security

from tests.support.until import until

ROOT = Path(__file__).parent.parent.parent
PAGES = (
    "info/main/workers.html",
    "info/main/exceptions.html",
    "info/main/logs.html",
    "json/counts.json",
    "json/identity.json",
    "metrics",
)
HERE = ("--host", "127.0.0.1")
_PATIENCE_SECONDS = 60.0


@dataclass
class Process:
    """A process and everything that it has written."""

    popen: subprocess.Popen[str]
    written: list[str] = field(default_factory=list)

    def found(self, pattern: str) -> re.Match[str]:
        """Wait until it has written what a pattern matches."""
        return until(
            lambda: re.search(pattern, "".join(self.written)),
            _PATIENCE_SECONDS,
            lambda: f"{pattern!r} never came:\n{''.join(self.written)}",
        )


@dataclass
class Cluster:
    """A scheduler, its workers, and how to reach them."""

    address: str
    dashboard: str
    environment: dict[str, str]
    scheduler: Process
    workers: list[Process]
    pages: dict[str, str] = field(default_factory=dict)

    def look(self) -> None:
        """Keep what the scheduler's pages show now, those of its tasks and calls included."""
        shown = [self._keep(page) for page in PAGES]
        for link in re.findall(r'href="\.\./([^"]+\.html)"', shown[0]):
            page = self._keep(f"info/{link}")
            for task in re.findall(r'href="\.\./(task/[^"]+\.html)"', page):
                self._keep(f"info/{task}")

    def _keep(self, page: str) -> str:
        try:
            with urlopen(f"{self.dashboard}/{page}", timeout=30) as answer:
                text: str = answer.read().decode()
        except HTTPError:  # the worker or the task has gone meanwhile
            return ""
        self.pages[page] = self.pages.get(page, "") + text
        return text


@contextmanager
def cluster(
    folder: Path,
    *,
    threads: int,
    workers: int = 2,
    environment: Mapping[str, str] = {},
    protocol: str = "tls",
) -> Iterator[Cluster]:
    """Run a scheduler and workers, whose environment alone has the secrets."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT), **_certificates(folder)}
    speaks = ["--protocol", protocol]
    options = ["--port", "0", "--dashboard-address", ":0", *speaks]
    scheduler = _started("dask_scheduler", options, environ)
    started = [scheduler]
    try:
        address = scheduler.found(r"Scheduler at:\s+(\w+://\S+)")[1]
        dashboard = scheduler.found(r"dashboard at:\s+(http\S+?)/status")[1]
        options = [address, "--no-nanny", "--nthreads", str(threads), "--no-dashboard", *speaks]
        ours = {**environ, **environment}
        started += [_started("dask_worker", options, ours) for _ in range(workers)]
        for worker in started[1:]:
            worker.found(r"Registered to:")
        yield Cluster(address, dashboard, environ, scheduler, started[1:])
    finally:
        for process in started:
            process.popen.kill()
            process.popen.wait()
            assert process.popen.stdout is not None
            process.popen.stdout.close()


def _started(module: str, options: list[str], environ: Mapping[str, str]) -> Process:
    popen = subprocess.Popen(
        [sys.executable, "-m", f"distributed.cli.{module}", *HERE, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=dict(environ),
        text=True,
    )
    process = Process(popen)
    assert popen.stdout is not None
    lines = popen.stdout
    threading.Thread(target=lambda: process.written.extend(lines), daemon=True).start()
    return process


def _certificates(folder: Path) -> dict[str, str]:
    """Write a certificate that all of them share; return Dask's settings for it."""
    made = Security.temporary()
    (folder / "tls.crt").write_text(str(made.tls_ca_file))
    (folder / "tls.key").write_text(str(made.tls_scheduler_key))
    names = {"DASK_DISTRIBUTED__COMM__TLS__CA_FILE": str(folder / "tls.crt")}
    for role in ("SCHEDULER", "WORKER", "CLIENT"):
        before = f"DASK_DISTRIBUTED__COMM__TLS__{role}"
        names[f"{before}__CERT"] = str(folder / "tls.crt")
        names[f"{before}__KEY"] = str(folder / "tls.key")
    return names
