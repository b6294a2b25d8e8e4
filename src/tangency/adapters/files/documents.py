"""Requests and problems from JSON or YAML files, as plain values. A key given twice is refused, in either.

YAML is read by the rules of JSON: ``ON`` and ``NO`` are names of shares, not truth values, and 2020-01-01 is text.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NoReturn

import yaml

from tangency.domain.composed import composed
from tangency.domain.errors import InvalidInput

YAML_SUFFIXES = (".yaml", ".yml")

_TEXT_OR_WORD = re.compile(r'"(?:[^"\\]|\\.)*+"|(?P<word>-?Infinity|NaN)')
"""A text, in which words are no numbers, or a word that Python's parser takes for a number."""


def read_document(path: Path, content: bytes) -> object:
    """Plain values of the content of a file: YAML where its suffix says so, JSON otherwise.

    Raises:
        InvalidInput: it is not UTF-8, not JSON or YAML, or says a key twice; with file and line.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _unreadable(path, f"is not UTF-8: {error.reason} at byte {error.start}") from None
    try:
        return composed(_yaml(path, text) if path.suffix.lower() in YAML_SUFFIXES else _json(path, text))
    except RecursionError:
        raise _unreadable(path, "is nested too deeply; a document has 32 levels at most") from None


def _json(path: Path, text: str) -> object:
    def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
        keys: dict[str, object] = {}
        for key, value in pairs:
            if key in keys:
                raise _unreadable(path, f"has the key {key[:100]!r} twice in one object; give it once")
            keys[key] = value
        return keys

    def no_number(word: str) -> NoReturn:
        at = next(each.start() for each in _TEXT_OR_WORD.finditer(text) if each["word"])
        place = f"line {text.count(chr(10), 0, at) + 1}, column {at - text.rfind(chr(10), 0, at)}"
        raise _unreadable(path, f"has {word} at {place}, which is not a JSON number; give a finite number")

    try:
        return json.loads(text, object_pairs_hook=unique, parse_constant=no_number)
    except json.JSONDecodeError as error:
        raise _unreadable(path, f"is not JSON: {error.msg}, line {error.lineno}, column {error.colno}") from None
    except ValueError as error:  # a whole number of thousands of digits
        raise _unreadable(path, f"is not JSON: {error}") from None


class _Loader(yaml.SafeLoader):
    """YAML with the scalars of JSON, and keys that are given once."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own attribute

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Refuse references: a few lines of them can stand for a billion values, or for themselves."""
        if self.check_event(yaml.events.AliasEvent):
            told = "references (*name) are not read; write the value out"
            raise yaml.composer.ComposerError(None, None, told, self.get_mark())
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """A mapping whose keys are all different."""
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                told = f"the key {key.value!r} is given twice; give it once"
                raise yaml.constructor.ConstructorError(None, None, told, key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(?:~|null|)$"), ["~", "n", ""])
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), ["t", "f"])
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^[-+]?(?:0|[1-9][0-9]*)$"), list("-+0123456789"))
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+)(?:[eE][-+]?[0-9]+)?$"),
    list("-+.0123456789"),
)


def _yaml(path: Path, text: str) -> object:
    try:
        document: object = yaml.load(text, _Loader)  # noqa: S506 - our loader makes plain values only
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise _unreadable(path, f"cannot be read as YAML: {error.problem}{where}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise _unreadable(path, f"cannot be read as YAML: {error}") from None
    return document


def _unreadable(path: Path, detail: str) -> InvalidInput:
    return InvalidInput.at((), f"{path} {detail}.", "unreadable")
