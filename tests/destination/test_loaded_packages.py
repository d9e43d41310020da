"""What dlt keeps of packages that were loaded: of a few, however many there were."""

from __future__ import annotations

import pickle
from pathlib import Path

from tests.support.simulated import source_of
from zendesk_source import sync
from zendesk_source.destination.working_folder import LOADED, LOADED_KEPT, forget_loaded


def test_the_last_ones_are_kept(tmp_path: Path) -> None:
    names = [f"17959141{number}.5" for number in range(10, 10 + LOADED_KEPT + 4)]
    for name in names:
        (tmp_path / LOADED / name / ".restore").mkdir(parents=True)
    forget_loaded(tmp_path)
    assert sorted(path.name for path in (tmp_path / LOADED).iterdir()) == names[4:]


def test_a_folder_without_any_is_no_trouble(tmp_path: Path) -> None:
    forget_loaded(tmp_path)
    assert not (tmp_path / LOADED).exists()


def test_the_trace_of_dlt_is_of_the_last_package_alone(account, zendesk, pipeline):
    source = source_of(zendesk, "groups", "tickets")
    for ticket in account.truth("tickets")[:3]:
        sync(pipeline, source)
        account.edit_ticket(ticket["id"], subject="news for another package")
        account.clock.advance(600)
    steps = [step.step for step in pipeline.last_trace.steps]
    assert steps == ["extract", "normalize", "load"]
    stored = pickle.loads((Path(pipeline.working_dir) / "trace.pickle").read_bytes())
    assert [step.step for step in stored.steps] == steps
