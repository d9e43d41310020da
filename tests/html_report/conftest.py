"""A small account that is loaded once, its file copied for each test that looks at it."""

from __future__ import annotations

import shutil
from pathlib import Path

import dlt
import pytest

from tests.html_report.account import STREAMS, simulated
from tests.support.simulated import pipeline_into, source_of
from zendesk_source import sync


@pytest.fixture
def loaded(tmp_path_factory: pytest.TempPathFactory, own_dlt: Path) -> Path:
    """Return the DuckDB file of the account, in the folder of the test."""
    kept = tmp_path_factory.getbasetemp() / "report" / "zendesk.duckdb"
    mine = own_dlt / "zendesk.duckdb"
    if not kept.exists():
        kept.parent.mkdir(exist_ok=True)
        with simulated() as zendesk:
            pipeline = pipeline_into(dlt.destinations.duckdb(str(mine)))
            sync(pipeline, source_of(zendesk, *STREAMS, clock=None))
        shutil.copy(mine, kept)
    shutil.copy(kept, mine)
    return mine
