"""``tangency methods``: what is installed, and whether a method keeps the contract."""

from __future__ import annotations

from typing import Any

import click

from tangency.adapters.cli.terminal import console, json_option, print_json


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def methods(context: click.Context, as_json: bool) -> None:
    """List the optimization methods that are installed, and who brought them."""
    if context.invoked_subcommand is not None:
        return
    from tangency.adapters import container
    from tangency.adapters.settings import Settings

    plugins = container.plugins(Settings.load())
    if as_json:
        print_json(plugins.describe())
        return
    _print("Method", plugins.describe())
    click.echo()
    _print("Estimator", plugins.describe_estimators())


def _print(kind: str, rows: list[dict[str, Any]]) -> None:
    from tangency.adapters.cli.tables import table

    made = table(kind, "Distribution", "What it can do", "Citation")
    for row in rows:
        made.add_row(row["name"], f"{row['distribution']} {row['version']}", _abilities(row), row["citation"] or "-")
    console().print(made)


def _abilities(row: dict[str, Any]) -> str:
    if row["error"] is not None:
        return f"cannot be used: {row['error']}"
    can = row.get("capabilities")
    if can is None:
        return ", ".join(row["options"].get("properties", {})) or "no options"
    return "a rule: any objective" if can["rule"] else ", ".join(can["objectives"])
