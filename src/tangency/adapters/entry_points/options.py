"""A plugin's typed options from what a request asked for: unknown ones, wrong types and non-numbers are refused."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import msgspec

from tangency.domain.errors import Fault, InvalidInput, Path
from tangency.domain.optimization.crash import named
from tangency.domain.optimization.misfit import misfit
from tangency.domain.optimization.options import place_of_refusal, unknown_options

METHOD_OPTIONS: Path = ("method_options",)


def bind_options(options: type, asked: Mapping[str, object], path: Path = METHOD_OPTIONS) -> object:
    """Make an instance of a plugin's options.

    Args:
        options: the dataclass that the plugin declares.
        asked: values by field name; a field that is left out keeps its default.
        path: where they stand in the request document, for messages.

    Raises:
        InvalidInput: an unknown field, a value of another type, NaN or infinity, or one that the class refuses.
        MethodCrashed: the class raised anything but a refusal.
        ResourcesExhausted: the class ran out of memory.
    """
    faults = [*unknown_options(options, asked, path), *_not_finite(asked, path)]
    if faults:
        raise InvalidInput(faults)
    with named(f"the options {options.__module__}.{options.__qualname__}"):
        try:
            return msgspec.convert(dict(asked), options)
        except msgspec.ValidationError as error:
            raise InvalidInput([misfit(options, asked, str(error), path)]) from None
        except InvalidInput as error:  # the class itself speaks our language
            place = (*path, *place_of_refusal(options, asked, msgspec.convert))
            raise InvalidInput([replace(fault, path=(*place, *fault.path)) for fault in error.faults]) from None


def _not_finite(value: object, path: Path) -> Iterator[Fault]:
    if isinstance(value, float) and not math.isfinite(value):
        yield Fault(path, f"is {value}; give a finite number.", "not_finite")
    parts: Iterator[tuple[Any, object]] = iter(())
    if isinstance(value, Mapping):
        parts = iter(value.items())
    elif isinstance(value, list | tuple):
        parts = enumerate(value)
    for key, part in parts:
        yield from _not_finite(part, (*path, key))
