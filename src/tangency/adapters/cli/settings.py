"""``tangency settings``: every setting, what it is here, and what it means."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from tangency.adapters.cli.terminal import json_option, print_json

if TYPE_CHECKING:
    from tangency.adapters.settings import Settings


@click.command("settings")
@json_option
@click.option(
    "--markdown", "as_markdown", is_flag=True, help="Print the table of docs/settings.md, with defaults and meanings."
)
def settings(as_json: bool, as_markdown: bool) -> None:
    """Show every setting with its value, default and meaning. Passwords in addresses are hidden."""
    from tangency.adapters.settings import Settings

    if as_markdown:
        click.echo("\n".join(markdown_table()))
        return
    here = Settings.load()
    if as_json:
        print_json({variable: value for variable, value, _, _ in _rows(here)})
        return
    from rich.padding import Padding
    from rich.text import Text

    from tangency.adapters.cli.terminal import console

    screen = console()
    for variable, value, default, meaning in _rows(here):
        otherwise = "" if value == default else f"  (default: {told(default)})"
        screen.print(Text(f"{variable} = {told(value)}{otherwise}"), soft_wrap=True)
        screen.print(Padding(Text(meaning, overflow="fold"), (0, 0, 0, 4)))


def markdown_table() -> Iterator[str]:
    """The table of the manual, line by line."""
    from tangency.adapters.settings import Settings

    yield "| variable | default | meaning |"
    yield "| --- | --- | --- |"
    for variable, _, default, meaning in _rows(Settings()):
        shown = f"`{default}`" if isinstance(default, str) and default else told(default)
        yield f"| `{variable}` | {shown} | {meaning} |"


def told(value: object) -> str:
    """A value as the environment states it."""
    if isinstance(value, tuple):
        return ",".join(value) or "empty"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    return str(value) or "empty"


def _rows(here: Settings) -> Iterator[tuple[str, object, object, str]]:
    import msgspec

    from tangency.adapters.cli.pages.options import meanings
    from tangency.adapters.settings import PREFIX, Settings

    meaning, defaults = meanings(Settings), Settings()
    for field in msgspec.structs.fields(Settings):
        value, default = getattr(here, field.name), getattr(defaults, field.name)
        yield PREFIX + field.name.upper(), _without_password(value), default, meaning[field.name]


def _without_password(value: object) -> object:
    """An address as it may be shown to anybody."""
    if not isinstance(value, str) or "://" not in value or "@" not in value:
        return value
    scheme, _, rest = value.partition("://")
    who, _, where = rest.rpartition("@")
    return f"{scheme}://{who.partition(':')[0]}:***@{where}" if ":" in who else value
