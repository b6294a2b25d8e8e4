"""The command line. Its modules import what is heavy inside their commands, so that help comes at once."""

from __future__ import annotations

import signal
import sys


def begin() -> int:
    """Run the command as its installed script does; Ctrl-C ends it without a traceback from first to last."""
    try:
        from tangency.adapters.cli.main import main

        return main()
    except KeyboardInterrupt:  # while it was loaded, or again while an interrupt was told
        from tangency.adapters.cli.exit_codes import INTERRUPTED

        sys.stderr.write("Interrupted.\n")
        return INTERRUPTED.code
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # all is closed: whoever presses it again need not wait for Python
