"""What optimizing commands share: an answer with its findings, on the screen, as JSON and as a report."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tangency.adapters.cli.failures import Failed
from tangency.adapters.cli.terminal import Step, console, print_json

if TYPE_CHECKING:
    from tangency.adapters.container import Findings, Frontier
    from tangency.adapters.settings import Settings
    from tangency.application.question import Question
    from tangency.application.service import Service


@asynccontextmanager
async def passing_service(settings: Settings) -> AsyncIterator[Service]:
    """The service over a database that is gone afterwards."""
    import msgspec

    from tangency.adapters import container

    with tempfile.TemporaryDirectory(prefix="tangency-") as folder:
        passing = msgspec.structs.replace(settings, database_url="", data_dir=folder)
        async with container.running(passing) as service:
            yield service


async def optimized(service: Service, question: Question) -> Findings:
    """Answer a question about a portfolio and keep the answer; then put it beside the portfolio of today.

    Raises:
        Failed: with the question, so that messages can point into it.
    """
    from tangency.adapters.container import findings_of
    from tangency.application.optimization import OptimizePortfolio, PoseQuestion

    try:
        problem = await service.handle(PoseQuestion(question))
        answer = await service.handle(OptimizePortfolio(question, problem))
    except Exception as error:
        raise Failed(error, question) from error
    return findings_of(problem, answer, service.context.plugins)


async def frontier_of(service: Service, findings: Findings, step: Step) -> Frontier | None:
    """The efficient frontier around the answer."""
    from tangency.adapters.container import trace

    return await trace(service, findings, step)


def write_report(path: Path, findings: Findings, curve: Frontier | None, title: str, note: str = "") -> None:
    """Write the report and say where it is.

    Raises:
        OSError: it cannot be written there.
    """
    from tangency.adapters.container import report_page

    path.write_text(report_page(findings, curve, title, note), "utf-8")


def print_answer(findings: Findings) -> None:
    """The answer document, exactly as REST gives it."""
    from tangency.adapters.document.answer import response_of

    print_json(response_of(findings.answer))


def print_findings(findings: Findings) -> None:
    """The answer as tables: weights, metrics, certificate, what binds and what it costs."""
    from tangency.adapters.cli import tables

    screen, solution = console(), findings.solution
    parts = [tables.weights_table(findings), tables.metrics_table(findings)]
    if solution.certificate is not None:
        parts.append(tables.certificate_table(solution.certificate))
    if solution.why is not None and solution.why.binding:
        parts.append(tables.binding_table(solution.why))
    if solution.why is not None and solution.why.at_bound:
        parts.append(tables.bounds_table(solution.why))
    screen.print(f"\n{solution.message}")
    for part in parts:
        screen.print()
        screen.print(part)
    if findings.answer.unused_inputs:
        click.echo(f"\nStated and not used: {', '.join(findings.answer.unused_inputs)}")
