"""Whether the command line would take what a manifest says."""

from __future__ import annotations

from collections.abc import Sequence

import click

from tangency.adapters.cli.main import tangency


def understood(arguments: Sequence[str]) -> bool:
    """Whether the command line takes these arguments; nothing is run."""
    command: click.Command = tangency
    left = list(arguments)
    try:
        while isinstance(command, click.Group):
            command = command.commands[left.pop(0)]
        command.make_context(command.name, left)
    except (click.UsageError, KeyError, IndexError):
        return False
    return True
