"""A namespace of one's own on a real broker, set up as operators do it."""

from pathlib import Path
from uuid import uuid4

import pytest

from tangency.adapters.pulsar.setup import set_up
from tangency.adapters.settings import Settings
from tests.support.pulsar import Broker


def of_ones_own(broker: Broker, folder: Path, **more: object) -> Settings:
    stated = {"pulsar_url": broker.url, "pulsar_web_url": broker.web_url, "pulsar_namespace": f"n{uuid4().hex}"}
    settings = Settings(data_dir=str(folder), solver_workers=1, **{**stated, **more})  # type: ignore[arg-type]
    assert list(set_up(settings, retention_days=1))
    return settings


@pytest.fixture
def settings(broker: Broker, tmp_path: Path) -> Settings:
    return of_ones_own(broker, tmp_path)
