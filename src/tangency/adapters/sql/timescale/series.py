"""The series of portfolios as a hypertable."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tangency.adapters.sql.failures import translated
from tangency.adapters.sql.schema import SeriesRow
from tangency.adapters.sql.series import SqlSeries
from tangency.adapters.sql.timescale.hypertable import equip


class TimescaleSeries(SqlSeries):
    """The server makes chunks, compresses them and lets go of them itself."""

    async def keep_up(self, now: datetime) -> Sequence[str]:
        """Have it do so; gives what its licence leaves off."""
        async with translated():
            return await equip(self._engine, SeriesRow.__tablename__, self._keep_days)
