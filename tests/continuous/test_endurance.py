"""The short version of `python -m tests.continuous`: what a process grows to while it keeps on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.continuous.endurance import timed

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]


def test_forty_rounds_with_edits_faults_and_readers_keep_memory_flat(tmp_path: Path) -> None:
    outcome, text = timed(
        tmp_path, seed=3, tickets=100, rounds=40, minutes=9, say=lambda line: None
    )
    assert outcome.differences == [], text
    assert outcome.exit_code == 0, text
    assert set(outcome.reads) <= {"read", "locked"}, text
    assert outcome.reads["read"] > 0, text
    assert outcome.rounds == 40, text
    early, late = outcome.at(15, "resident_mb"), outcome.at(35, "resident_mb")
    assert late < 1.1 * early, text
    assert outcome.at(38, "objects") < 1.02 * outcome.at(15, "objects"), text
    assert outcome.at(35, "threads") <= outcome.at(15, "threads") + 2, text
    assert outcome.at(35, "descriptors") <= outcome.at(15, "descriptors") + 4, text
    assert outcome.at(35, "folder_files") <= outcome.at(15, "folder_files") + 4, text
