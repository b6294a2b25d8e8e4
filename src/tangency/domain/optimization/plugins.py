"""The port for finding methods and estimators by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol

from tangency.domain.errors import Path
from tangency.domain.market.estimates import Estimator
from tangency.domain.optimization.method import OptimizationMethod
from tangency.domain.optimization.solution import Origin


class Finder(Protocol):
    """Finds plugins by name and binds their options: for solving, and for methods that are made of other methods."""

    def find_method(self, name: str) -> OptimizationMethod:
        """The method of that name; raises Unsupported if there is none, or it is blocked."""

    def find_estimator(self, name: str, path: Path) -> Estimator:
        """The estimator of that name, stated at ``path`` in the request; raises as ``find_method``."""

    def bind_options(self, options: type, asked: Mapping[str, object], path: Path) -> object:
        """A plugin's typed options from what was asked at ``path`` in the request; raises InvalidInput."""


_at_work: ContextVar[Finder | None] = ContextVar("finder", default=None)


@contextmanager
def found_by(finder: Finder) -> Iterator[None]:
    """Use this finder while a problem is solved, so that a blocked plugin is blocked inside other methods too."""
    token = _at_work.set(finder)
    try:
        yield
    finally:
        _at_work.reset(token)


def finder_at_work() -> Finder | None:
    """The finder of the problem that is being solved; None outside of solving."""
    return _at_work.get()


class Plugins(Protocol):
    """Every method and estimator that is installed, by name, in upper or lower case."""

    def find_method(self, name: str) -> OptimizationMethod:
        """The method of that name.

        Raises:
            Unsupported: there is none, or an operator blocked it.
            PluginError: it cannot be loaded.
        """

    def find_estimator(self, name: str, path: Path) -> Estimator:
        """The estimator of that name, which stands at ``path`` in the request.

        Raises:
            Unsupported: there is none, or an operator blocked it.
            PluginError: it cannot be loaded.
        """

    def bind_options(self, options: type, asked: Mapping[str, object], path: Path) -> object:
        """A plugin's typed options from what was asked at ``path`` in the request.

        Raises:
            InvalidInput: an option that the plugin does not have, or a value that it does not take.
        """

    def origin(self, name: str) -> Origin:
        """The distribution that the method of that name came in.

        Raises:
            Unsupported: there is none, or an operator blocked it.
        """

    def estimator_origin(self, name: str) -> Origin:
        """The distribution that the estimator of that name came in.

        Raises:
            Unsupported: there is none, or an operator blocked it.
        """
