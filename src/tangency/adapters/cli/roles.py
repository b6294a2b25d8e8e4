"""Which part of the work a process takes on, as a command line says it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tangency.application.duties import EVERY_ROLE, Role
from tangency.domain.optimization.queue import Queue

if TYPE_CHECKING:
    from tangency.adapters.settings import Settings

ALL = "all"


class Roles(click.ParamType[frozenset[Role]]):
    """Roles, separated by commas."""

    name = "roles"

    def convert(
        self, value: str | frozenset[Role], param: click.Parameter | None, ctx: click.Context | None
    ) -> frozenset[Role]:
        """Each must be one."""
        if isinstance(value, frozenset):
            return value
        words = [word.strip() for word in value.split(",")]
        unknown = [word for word in words if word not in {*Role, ALL}]
        if unknown:
            self.fail(
                f"{unknown[0]!r} is not a role; give {ALL}, or some of {', '.join(Role)} with commas.", param, ctx
            )
        return EVERY_ROLE if ALL in words else frozenset(map(Role, words))


def refuse_to_share(settings: Settings, roles: frozenset[Role]) -> None:
    """An embedded database belongs to one process, which has to do everything.

    Raises:
        click.ClickException: this one would not.
    """
    if settings.embedded and roles != EVERY_ROLE:
        raise click.ClickException(
            "the database is a file, which one process uses, so that it must take every role. Name a PostgreSQL in "
            "TANGENCY_DATABASE_URL, or leave the role out."
        )


class Queues(click.ParamType[tuple[Queue, ...]]):
    """Queues, separated by commas."""

    name = "queues"

    def convert(
        self, value: str | tuple[Queue, ...], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[Queue, ...]:
        """Each must be one."""
        if isinstance(value, tuple):
            return value
        words = [word.strip() for word in value.split(",")]
        unknown = [word for word in words if word not in {*Queue}]
        if unknown:
            self.fail(f"{unknown[0]!r} is not a queue; give {', '.join(Queue)}, or one of them.", param, ctx)
        return tuple(queue for queue in Queue if queue in words)
