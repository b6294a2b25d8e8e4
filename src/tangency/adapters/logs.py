"""Where the log goes: lines on the standard error, each with its moment and with the trace that it belongs to."""

from __future__ import annotations

import logging
import sys
import time
from typing import TextIO

from tangency.domain.trace import trace_at_work


class Lines(logging.Formatter):
    """``2026-03-04T12:30:00.123Z ERROR tangency.rest [0af7651916cd43dd8448eb211c80319c]: a request failed``, in UTC."""

    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s%(trace)s: %(message)s")
        self.converter = time.gmtime


def traced(record: logging.LogRecord) -> bool:
    """Let a record say which trace it belongs to, where whoever writes it works for one."""
    trace = trace_at_work()
    record.trace = "" if trace is None else f" [{trace.id}]"
    return True


def write_to(stream: TextIO = sys.stderr) -> logging.Handler:
    """Write what is logged from now on to a stream."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Lines())
    handler.addFilter(traced)
    logging.getLogger().addHandler(handler)
    return handler
