"""``tangency optimize``: a request or a problem from a file."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tangency.adapters.cli.optimizing import (
    frontier_of,
    optimized,
    passing_service,
    print_answer,
    print_findings,
    write_report,
)
from tangency.adapters.cli.terminal import Step, json_option, progress

if TYPE_CHECKING:
    from tangency.adapters.container import Findings, Frontier
    from tangency.application.question import Question
    from tangency.application.service import Service
    from tangency.domain.optimization.problem import Problem

STANDARD_INPUT = Path("standard input")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="Write an HTML report to FILE.")
@json_option
def optimize(file: Path, report: Path | None, as_json: bool) -> None:
    """Optimize what FILE asks for, and prove the answer.

    FILE is JSON or YAML. It is either a request, as for POST /api/v1/optimize, whose answer is stored as the service
    would store it; or a serialised problem (with the field tangency_problem), for which nothing is stored. A dash
    reads JSON from standard input.
    """
    from tangency.adapters import container

    path, content = (STANDARD_INPUT, sys.stdin.buffer.read()) if str(file) == "-" else (file, file.read_bytes())
    document = container.read_document(path, content)
    with progress(f"Optimizing {path.name}", as_json) as step:
        findings, curve = asyncio.run(_run(document, report is not None, step))
    if report is not None:
        write_report(report, findings, curve, findings.answer.portfolio_id or path.name)
    if as_json:
        print_answer(findings)
        return
    print_findings(findings)
    if report is not None:
        click.echo(f"\nReport: {report.resolve()}")


async def _run(document: object, with_frontier: bool, step: Step) -> tuple[Findings, Frontier | None]:
    from tangency.adapters import container
    from tangency.adapters.settings import Settings
    from tangency.application.plugin_checks import completed
    from tangency.domain.optimization.document import VERSION_FIELD, from_document

    settings = Settings.load()
    if isinstance(document, dict) and VERSION_FIELD in document:
        problem = from_document(document)
        async with passing_service(settings) as service:
            findings = await _solved(service, await completed(problem, service.context))
            return findings, await frontier_of(service, findings, step) if with_frontier else None
    question = _question(document)
    async with container.running(settings) as service:
        findings = await optimized(service, question)
        return findings, await frontier_of(service, findings, step) if with_frontier else None


def _question(document: object) -> Question:
    from tangency.adapters.document.mapping import question_of
    from tangency.adapters.document.reading import request_from

    return question_of(request_from(document))


async def _solved(service: Service, problem: Problem) -> Findings:
    """A problem that names no portfolio: its answer has no id under which it would be kept."""
    from uuid import UUID

    from tangency.adapters.container import findings_of
    from tangency.application.optimization import SolveProblem
    from tangency.domain.optimization.optimization import Answer, Turnover

    began = time.perf_counter()
    solution = await service.handle(SolveProblem(problem))
    time_ms = 1e3 * (time.perf_counter() - began)
    turnover, now = Turnover.between(problem, solution), service.context.clock.now()
    answer = Answer(UUID(int=0), "", solution, time_ms, turnover, (), now)
    return findings_of(problem, answer, service.context.plugins)
