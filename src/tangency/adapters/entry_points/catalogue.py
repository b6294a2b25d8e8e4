"""Installed methods and estimators by name: listed without importing any, loaded on first use, checked once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache, cached_property
from importlib.metadata import EntryPoint, entry_points
from typing import Any, cast

from tangency.adapters.entry_points.options import METHOD_OPTIONS, bind_options
from tangency.adapters.entry_points.trial import refusal
from tangency.adapters.entry_points.validation import estimates_of, flaws_of_estimator, flaws_of_method, schema_of
from tangency.domain.errors import Path, PluginError, Unsupported, hint
from tangency.domain.market.estimates import Estimator
from tangency.domain.optimization.crash import told
from tangency.domain.optimization.method import OptimizationMethod
from tangency.domain.optimization.solution import Origin

METHODS = "tangency.methods"
ESTIMATORS = "tangency.estimators"
OURS = "tangency"


@dataclass(frozen=True)
class _Kind:
    """One of the two groups of plugins."""

    group: str
    word: str
    flaws: Callable[[object, str], Iterator[str]]


_METHOD = _Kind(METHODS, "method", flaws_of_method)
_ESTIMATOR = _Kind(ESTIMATORS, "estimator", flaws_of_estimator)


class EntryPointPlugins:
    """The plugins of every distribution that is installed.

    Names are looked up in upper or lower case: ``MEAN_VARIANCE`` finds ``mean_variance``. Metadata is read once, on
    first use; a plugin's module is imported when the plugin is first asked for, and its class made without arguments.

    Attributes:
        blocked: names of methods and estimators that an operator does not want to be loaded.
        wary: whether this process must outlive what strangers' plugins do when they are loaded.
    """

    def __init__(self, blocked: Iterable[str] = (), *, wary: bool = False) -> None:
        self.blocked, self.wary = frozenset(name.lower() for name in blocked), wary
        self._loaded: dict[tuple[str, str], object] = {}

    def __reduce__(self) -> tuple[type[EntryPointPlugins], tuple[frozenset[str]]]:
        # What travels to a solver process is what to block. It finds the plugins itself, as it was installed, and it is
        # the one that may end.
        return type(self), (self.blocked,)

    def find_method(self, name: str) -> OptimizationMethod:
        """The method of that name.

        Raises:
            Unsupported: there is none, or an operator blocked it.
            PluginError: it cannot be loaded, is not a method, or two distributions claim its name.
        """
        return cast(OptimizationMethod, self._find(_METHOD, name, ("method",)))

    def find_estimator(self, name: str, path: Path = ("risk_parameters",)) -> Estimator:
        """The estimator of that name, which stands at ``path`` in the request.

        Raises:
            Unsupported: there is none, or an operator blocked it.
            PluginError: it cannot be loaded, is not an estimator, or two distributions claim its name.
        """
        return cast(Estimator, self._find(_ESTIMATOR, name, path))

    def bind_options(self, options: type, asked: Mapping[str, object], path: Path = METHOD_OPTIONS) -> object:
        """A plugin's typed options from what was asked; see :func:`options.bind_options`."""
        return bind_options(options, asked, path)

    def origin(self, name: str) -> Origin:
        """The distribution that the method of that name came in; the method is not imported.

        Raises:
            Unsupported: there is none, or an operator blocked it.
            PluginError: two distributions claim the name.
        """
        return _origin(self._point(_METHOD, name, ("method",)))

    def estimator_origin(self, name: str) -> Origin:
        """The same for an estimator."""
        return _origin(self._point(_ESTIMATOR, name, ("risk_parameters",)))

    def describe(self) -> list[dict[str, Any]]:
        """What is known about every method, in order of names, as plain values.

        Each has ``name``, ``distribution``, ``version``, ``citation``, ``capabilities``, ``options`` (a JSON schema)
        and ``error``: None, or why it cannot be used, in which case the three before are None.
        """
        return [self._described(_METHOD, name) for name in self._names(_METHOD)]

    def describe_estimators(self) -> list[dict[str, Any]]:
        """The same for every estimator, with ``estimates`` (which of mean, covariance, scenarios) for capabilities."""
        return [self._described(_ESTIMATOR, name) for name in self._names(_ESTIMATOR)]

    @cached_property
    def _claims(self) -> dict[str, dict[str, list[EntryPoint]]]:
        """Group, name in lower case, and every entry point that claims it."""
        found: dict[str, dict[str, list[EntryPoint]]] = {METHODS: {}, ESTIMATORS: {}}
        for group, claims in found.items():
            for point in entry_points(group=group):
                claims.setdefault(point.name.lower(), []).append(point)
        return found

    def _names(self, kind: _Kind) -> list[str]:
        return sorted(self._claims[kind.group])

    def _point(self, kind: _Kind, name: str, path: Path) -> EntryPoint:
        key = name.lower()
        claims = self._claims[kind.group].get(key)
        if claims and key in self.blocked:
            detail = (
                f"{kind.word} {claims[0].name!r} was blocked by the operator of this service; {self._valid(kind, name)}"
            )
            raise Unsupported.at(path, detail, "blocked")
        if not claims:
            raise Unsupported.at(path, f"{name!r} is not a known {kind.word}; {self._valid(kind, name)}", "unsupported")
        if len(claims) > 1:
            owners = sorted(_origin(point).distribution for point in claims)
            reason = f"{' and '.join(owners)} both claim this name; uninstall one, or block the name"
            raise PluginError(claims[0].name, ", ".join(owners), reason)
        return claims[0]

    def _valid(self, kind: _Kind, name: str) -> str:
        return hint(name.lower(), [other for other in self._names(kind) if other not in self.blocked])

    def _find(self, kind: _Kind, name: str, path: Path) -> object:
        point = self._point(kind, name, path)
        key = (kind.group, point.name)
        if key not in self._loaded:
            self._refuse_dangerous(point)
            self._loaded[key] = _load(kind, point)
        return self._loaded[key]

    def _refuse_dangerous(self, point: EntryPoint) -> None:
        """Refuse a stranger's plugin that ends a process, where this one must not be."""
        origin = _origin(point)
        if not self.wary or origin.distribution == OURS:
            return
        every = (other for claims in self._claims.values() for points in claims.values() for other in points)
        reason = refusal(point, tuple(other for other in every if other.module == point.module))
        if reason is not None:
            raise PluginError(point.name, origin.distribution, reason)

    def _described(self, kind: _Kind, name: str) -> dict[str, Any]:
        owners = [_origin(point) for point in self._claims[kind.group][name]]
        row: dict[str, Any] = {
            "name": owners[0].name,
            "distribution": ", ".join(sorted(owner.distribution for owner in owners)),
            "version": ", ".join(owner.version for owner in owners),
            "citation": None,
            ("capabilities" if kind is _METHOD else "estimates"): None,
            "options": None,
            "error": None,
        }
        try:
            plugin = cast(Any, self._find(kind, name, (kind.word,)))
        except (PluginError, Unsupported) as error:
            return {**row, "error": str(error)}
        described = {**row, "citation": plugin.citation, "options": schema_of(plugin.options)}
        if kind is _METHOD:
            return {**described, "capabilities": _plain(plugin.capabilities)}
        return {**described, "estimates": estimates_of(plugin)}


def _load(kind: _Kind, point: EntryPoint) -> object:
    distribution = _origin(point).distribution
    try:
        plugin = point.load()()
    except (Exception, SystemExit) as error:
        raise PluginError(point.name, distribution, told(error)) from error
    flaws = list(kind.flaws(plugin, point.name))
    if flaws:
        raise PluginError(point.name, distribution, "; ".join(flaws))
    return cast(object, plugin)


@cache
def _origin(point: EntryPoint) -> Origin:
    # Remembered, because each question for a distribution's name parses its metadata again.
    if point.dist is None:
        return Origin(point.name, "unknown", "unknown")
    return Origin(point.name, point.dist.name, point.dist.version)


def _plain(capabilities: object) -> dict[str, Any]:
    values = asdict(capabilities).items()  # type: ignore[call-overload]
    return {key: sorted(value) if isinstance(value, frozenset) else value for key, value in values}
