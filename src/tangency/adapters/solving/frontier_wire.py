"""Frontiers on their way between the pool and a solver process, in the same bytes as single problems."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import msgspec

from tangency.adapters.solving import wire
from tangency.adapters.solving.conclusion import Proposed
from tangency.adapters.solving.wire import Limits, pack_job, pack_proposed, proposal_document, read_proposal
from tangency.domain.frontier.question import Aim, Candidate, FrontierQuestion
from tangency.domain.frontier.tracing import Traced
from tangency.domain.optimization.problem import Problem

Packed = Mapping[str, Any]


def pack_frontier_job(problem: Problem, question: FrontierQuestion, limits: Limits) -> bytes:
    """A problem, what is asked of its frontier, and the limits of the job."""
    return msgspec.msgpack.encode({"job": pack_job(problem, limits), "frontier": asdict(question)})


def unpack_frontier_job(raw: bytes) -> tuple[Problem, Limits, FrontierQuestion]:
    """The inverse of :func:`pack_frontier_job`."""
    packed = msgspec.msgpack.decode(raw)
    problem, limits = wire.unpack_job(packed["job"])
    return problem, limits, FrontierQuestion(**packed["frontier"])


def pack_traced(problem: Problem, traced: Traced) -> bytes:
    """What a solver process found, as bytes."""
    return msgspec.msgpack.encode(
        {
            "least": pack_proposed(problem, Proposed(traced.least, rule=False)),
            "candidates": [_candidate(problem, candidate) for candidate in traced.candidates],
            "best": None if traced.best is None else _candidate(problem, traced.best),
        }
    )


def unpack_traced(problem: Problem, raw: bytes) -> Traced:
    """What a solver process found about a frontier.

    Raises:
        TangencyError: the error that it met instead.
    """
    answer = msgspec.msgpack.decode(raw)
    if "least" not in answer:
        wire.unpack(problem, raw)
    least = wire.unpack(problem, answer["least"]).outcome
    best = None if answer["best"] is None else _read_candidate(problem, answer["best"])
    return Traced(least, tuple(_read_candidate(problem, each) for each in answer["candidates"]), best)


def _candidate(problem: Problem, candidate: Candidate) -> Packed:
    proposal = proposal_document(problem, candidate.proposal)
    return {"aim": candidate.aim.value, "target": candidate.target, "proposal": proposal}


def _read_candidate(problem: Problem, packed: Packed) -> Candidate:
    return Candidate(Aim(packed["aim"]), read_proposal(problem, packed["proposal"]), packed["target"])
