from __future__ import annotations

import dlt
import pytest


@pytest.fixture
def pipeline(either_pipeline: dlt.Pipeline) -> dlt.Pipeline:
    return either_pipeline
