"""What a loaded plugin must have before anybody relies on it; each flaw is a sentence for its author."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass
from functools import cache

import msgspec

from tangency.domain.market.estimates import Estimator
from tangency.domain.optimization.method import Capabilities


def flaws_of_method(plugin: object, name: str) -> Iterator[str]:
    """What keeps a plugin from being an optimization method of that name."""
    yield from _flaws_of_any(plugin, name)
    if not isinstance(getattr(plugin, "capabilities", None), Capabilities):
        yield "it has no capabilities; give it an instance of tangency.domain.optimization.method.Capabilities"
    yield from _not_callable(plugin, "solve")


def flaws_of_estimator(plugin: object, name: str) -> Iterator[str]:
    """What keeps a plugin from being an estimator of that name."""
    yield from _flaws_of_any(plugin, name)
    if not estimates_of(plugin):
        yield f"it has none of the methods {', '.join(ESTIMATES)}; see the guide for plugin authors"


ESTIMATES = ("mean", "covariance", "scenarios")


def estimates_of(plugin: object) -> list[str]:
    """What an estimator estimates: what its class writes itself."""
    own = ((word, getattr(type(plugin), word, None)) for word in ESTIMATES)
    return [word for word, method in own if callable(method) and method is not getattr(Estimator, word)]


def _flaws_of_any(plugin: object, name: str) -> Iterator[str]:
    own = getattr(plugin, "name", None)
    if own != name:
        yield f"its entry point is named {name!r} and it calls itself {own!r}; the two must be equal"
    citation = getattr(plugin, "citation", None)
    if not isinstance(citation, str) or not citation.strip():
        yield "it has no citation; say in one line where the method was published"
    yield from _flaws_of_options(getattr(plugin, "options", None))


def _flaws_of_options(options: object) -> Iterator[str]:
    if not isinstance(options, type) or not is_dataclass(options):
        yield f"its options are {options!r}; give a frozen dataclass, or NoOptions where it has none"
        return
    try:
        schema_of(options)
    except (TypeError, NameError) as error:
        yield f"its options cannot be read from a request: {error}"


@cache
def schema_of(options: type) -> Mapping[str, object]:
    """The JSON schema of a plugin's options. msgspec works it out anew whenever it is asked, most of a list's time."""
    (reference,), parts = msgspec.json.schema_components([options])
    own: dict[str, object] = parts.pop(options.__name__, reference)
    return {**own, "additionalProperties": False, **({"$defs": parts} if parts else {})}


def _not_callable(plugin: object, *names: str) -> Iterator[str]:
    for name in names:
        if not callable(getattr(plugin, name, None)):
            yield f"it has no method {name}(); see the guide for plugin authors"
