"""The databases that every suite of a store runs on."""

import pytest

DATABASES = [
    pytest.param("sqlite", id="sqlite"),
    pytest.param("postgresql", id="postgresql", marks=pytest.mark.service("postgresql")),
]

SERIES = [*DATABASES, pytest.param("timescaledb", id="timescaledb", marks=pytest.mark.service("timescaledb"))]
"""What may keep the series of portfolios."""
