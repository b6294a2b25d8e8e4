"""``tangency methods``: what is installed, and whether a method keeps the contract."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import click

from tangency.adapters.cli.exit_codes import PLUGIN
from tangency.adapters.cli.terminal import console, json_option, print_json, progress


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def methods(context: click.Context, as_json: bool) -> None:
    """List the installed methods and estimators.

    Each with the package that provides it.
    """
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

    made = table(kind, "What it can do, and where it was published")
    made.leading = 1
    made.columns[0].no_wrap = True
    for row in rows:
        told = [_abilities(row), row["citation"] or ""]
        made.add_row(f"{row['name']}\n{row['distribution']} {row['version']}", "\n".join(filter(None, told)))
    console().print(made)


def _abilities(row: dict[str, Any]) -> str:
    if row["error"] is not None:
        return f"cannot be used: {row['error']}"
    options = "options: " + (", ".join(row["options"].get("properties", {})) or "none")
    if row.get("capabilities") is None:
        return f"{', '.join(row['estimates'])}; {options}"
    return f"{_aims(row)}; {options}"


def _aims(row: dict[str, Any]) -> str:
    from tangency.application.methods import objectives_of

    can = row["capabilities"]
    if can["rule"]:
        return "a rule: any objective"
    claim = "a procedure: limits hold, nothing more is claimed" if can["heuristic"] else "proven optimal"
    return f"{', '.join(objectives_of(row))}; {claim}"


@methods.command("check")
@click.argument("name")
@click.option(
    "--examples", default=50, show_default=True, type=click.IntRange(1, 100_000), help="Number of problems per law."
)
@json_option
def check(name: str, examples: int, as_json: bool) -> None:
    """Test the properties that every method must have on the method NAME.

    For authors of methods: permutation, scale, refusal of what cannot be honoured, certificates, determinism, statuses.
    It needs the extra tangency[contracts].
    """
    from tangency.adapters import container
    from tangency.adapters.cli.checking import checked
    from tangency.adapters.settings import Settings

    plugins = container.plugins(Settings.load())
    method = plugins.find_method(name)
    with progress(f"Checking {name}", as_json):
        report = checked(plugins, method.name, examples)
    if as_json:
        print_json({"method": report.method, "passed": report.passed, "laws": report.laws})
    else:
        click.echo(report.text)
    if not report.passed:
        raise click.exceptions.Exit(PLUGIN.code)


@methods.command("docs")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--distribution", metavar="NAME", help="Only the plugins of this package.")
def docs(folder: Path, distribution: str | None) -> None:
    """Write a page for every method, and one for all estimators, into FOLDER.

    A page is made from what the plugin declares, its docstrings, and the Markdown file next to its module, whose
    example is solved.
    """
    from tangency.adapters.cli.pages.making import pages
    from tangency.adapters.settings import Settings

    with progress("Answering the examples", quiet=False):
        made = asyncio.run(pages(Settings.load(), distribution))
    for reason in made.left_out:
        click.echo(f"Left out: {reason}", err=True)
    for name, text in made.texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    click.echo(f"{len(made.texts)} pages in {folder}")
