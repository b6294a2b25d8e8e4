"""Strict reading of plain documents: every value has its type, every field its name, every mistake its place.

Arrays stand in a document as nested lists, null for NaN, or as ``{"shape": [...], "f8": bytes}``: little-endian
doubles, row by row. Either way every double comes back as it went, bit by bit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, ClassVar, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tangency.domain.errors import Fault, InvalidInput, Path, hint

Array: TypeAlias = NDArray[np.float64]
Reader: TypeAlias = Callable[[object, Path], Any]
"""Reads a value that stands at a path, or says what is wrong with it there."""

WIDEST = 2**63
"""Whole numbers below it in size fit into every format that carries them to a solver or into a database."""

_ENTRIES = {int, float, type(None)}


class _Row(Protocol):
    """An instance of a dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


def shallow(row: _Row) -> dict[str, Any]:
    """The fields of a dataclass by name, as they are: of plain values ``asdict`` would copy every one."""
    return {name: getattr(row, name) for name in row.__dataclass_fields__}


def as_lists(array: Array) -> object:
    """Nested lists with None for NaN, which JSON has no word for."""
    entries = array.astype(object)
    entries[np.isnan(array)] = None
    lists: object = entries.tolist()
    return lists


def as_buffer(array: Array) -> dict[str, object]:
    """The doubles themselves, not copied where they lie row by row already."""
    contiguous = np.ascontiguousarray(array, dtype="<f8").reshape(-1)
    return {"shape": list(array.shape), "f8": contiguous.data.cast("B")}


def array(value: object, path: Path, shape: Sequence[int | None]) -> Array:
    """An array from any of its forms; from a buffer it is a read-only view, not a copy.

    Args:
        value: nested lists, a buffer with its shape, or an array.
        path: where it stands, for messages.
        shape: the length of each axis, None where any will do.
    """
    read = _from_buffer(value, path) if isinstance(value, Mapping) else _from_lists(value, path)
    fits = read.ndim == len(shape) and all(
        wanted in (None, axis) for wanted, axis in zip(shape, read.shape, strict=True)
    )
    if not fits:
        wanted = " x ".join("any" if axis is None else str(axis) for axis in shape)
        given = " x ".join(map(str, read.shape))
        raise InvalidInput.at(path, f"has {given} figures; give {wanted}.", "shape")
    return read


def finite_vector(value: object, path: Path, size: int | None) -> Array:
    """A vector of finite numbers."""
    figures = array(value, path, (size,))
    if not np.isfinite(figures).all():
        where = int(np.argmin(np.isfinite(figures)))
        raise InvalidInput.at((*path, where), f"is {figures[where]}; give a finite number.", "not_finite")
    return figures


def _from_buffer(value: Mapping[Any, object], path: Path) -> Array:
    given = fields(value, path, {"shape", "f8"})
    axes = [whole(axis, (*path, "shape", i)) for i, axis in enumerate(listed(given["shape"], (*path, "shape")))]
    raw = given["f8"]
    if not isinstance(raw, bytes | bytearray | memoryview) or min(axes, default=0) < 0:
        raise InvalidInput.at(path, "is not a buffer of doubles with its shape.", "type")
    flat = np.frombuffer(raw, dtype="<f8") if len(raw) % 8 == 0 else np.empty(0)
    if 8 * math.prod(axes) != len(raw):
        raise InvalidInput.at(path, f"holds {len(raw)} bytes; shape {axes} needs {8 * math.prod(axes)}.", "shape")
    return flat.reshape(axes)


def _from_lists(value: object, path: Path) -> Array:
    if isinstance(value, np.ndarray):
        return np.asarray(value, dtype=float)
    rows = listed(value, path)
    nested = bool(rows) and all(isinstance(row, list | tuple) for row in rows)
    for i, row in enumerate(rows if nested else [rows]):
        if {type(entry) for entry in row} - _ENTRIES:
            place, entry = next((place, entry) for place, entry in enumerate(row) if type(entry) not in _ENTRIES)
            where = (*path, i, place) if nested else (*path, place)
            raise InvalidInput.at(where, f"is {shown(entry)}; give a number, or null.", "type")
    try:
        return np.array(rows, dtype=float)
    except ValueError:
        raise InvalidInput.at(path, "has rows of different lengths; give each as many figures.", "shape") from None


def mapping(value: object, path: Path) -> Mapping[str, object]:
    """A mapping with text for keys."""
    if not isinstance(value, dict | Mapping) or not {type(key) for key in value} <= {str}:
        raise InvalidInput.at(path, f"is {shown(value)}; give an object with named fields.", "type")
    return value


def fields(
    value: object, path: Path, required: Collection[str] = (), optional: Collection[str] = ()
) -> Mapping[str, object]:
    """A mapping with all of the required fields and none but the optional ones beside them."""
    given = mapping(value, path)
    unknown = [key for key in given if key not in required and key not in optional]
    missing = [key for key in required if given.get(key) is None]
    if not unknown and not missing:
        return given
    known = [*required, *optional]
    faults = [Fault((*path, key), f"{key!r} is not a known field; {hint(key, known)}", "unknown") for key in unknown]
    raise InvalidInput(faults + [Fault((*path, key), "is missing.", "missing") for key in missing])


def by_readers(given: Mapping[str, object], path: Path, readers: Mapping[str, Reader]) -> dict[str, Any]:
    """Each field that is there, read by its reader; null is as good as absent."""
    there = {key: given[key] for key in readers if given.get(key) is not None}
    return {key: readers[key](value, (*path, key)) for key, value in there.items()}


def present(**values: object) -> dict[str, object]:
    """An object of the fields that have a value."""
    return {key: value for key, value in values.items() if value is not None}


def listed(value: object, path: Path) -> Sequence[Any]:
    """A list."""
    if not isinstance(value, list | tuple):
        raise InvalidInput.at(path, f"is {shown(value)}; give a list.", "type")
    return value


def text(value: object, path: Path) -> str:
    """Text."""
    if not isinstance(value, str):
        raise InvalidInput.at(path, f"is {shown(value)}; give text.", "type")
    return value


def texts(value: object, path: Path) -> tuple[str, ...]:
    """A list of texts."""
    return tuple(text(word, (*path, position)) for position, word in enumerate(listed(value, path)))


def optional_text(value: object, path: Path) -> str | None:
    """Text or nothing."""
    return None if value is None else text(value, path)


def one_of(value: object, path: Path, valid: Collection[str]) -> str:
    """One of the words that have a meaning here."""
    word = text(value, path)
    if word not in valid:
        raise InvalidInput.at(path, f"{shown(word)} has no meaning here; {hint(word, valid)}", "unknown")
    return word


def number(value: object, path: Path) -> float:
    """A finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidInput.at(path, f"is {shown(value)}; give a number.", "type")
    if not math.isfinite(value):
        raise InvalidInput.at(path, f"is {value}; give a finite number.", "not_finite")
    return float(value)


def positive(value: object, path: Path) -> float:
    """A finite number above zero."""
    read = number(value, path)
    if read <= 0:
        raise InvalidInput.at(path, f"is {value}; give a number above 0.", "range")
    return read


def whole(value: object, path: Path) -> int:
    """A whole number."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidInput.at(path, f"is {shown(value)}; give a whole number.", "type")
    return value


def truth(value: object, path: Path) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise InvalidInput.at(path, f"is {shown(value)}; give true or false.", "type")
    return value


def plain(value: object, path: Path) -> object:
    """The same value in mappings, lists, text, numbers, truth values and None; anything else is refused."""
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, float):
        return number(value, path)
    if isinstance(value, Mapping):
        return {key: plain(part, (*path, key)) for key, part in mapping(value, path).items()}
    if isinstance(value, list | tuple):
        return [plain(part, (*path, position)) for position, part in enumerate(value)]
    if is_too_wide(value):
        raise InvalidInput.at(path, too_wide(value), "range")
    if value is None or isinstance(value, bool | int | str):
        return value
    raise InvalidInput.at(path, f"is of type {type(value).__name__}; give plain values only.", "type")


def is_too_wide(value: object) -> bool:
    """Whether it is a whole number that not every format can carry."""
    return isinstance(value, int) and not -WIDEST <= value < WIDEST


def too_wide(value: object) -> str:
    """What is wrong with a whole number that is too wide."""
    return f"is {shown(value)}, a whole number of more than 64 bits; give a smaller one, or write it as 1e+20."


LONGEST_SHOWN = 60
_WORDS: Mapping[type, str] = {dict: "an object", list: "a list", tuple: "a list", type(None): "null"}


def shown(value: object) -> str:
    """A value in a sentence: in the words of JSON, and no more of it than fits."""
    if type(value) in _WORDS:
        return _WORDS[type(value)]
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}..."
