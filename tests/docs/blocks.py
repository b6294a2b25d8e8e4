"""The fenced blocks of a document, with the words behind the fence that say what they are for."""

import re
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^```(?P<words>[^\n`]*)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A block, and the one after it where that shows its output."""

    language: str
    tags: frozenset[str]
    text: str
    output: str | None

    @property
    def exit_code(self) -> int:
        """What the block ends with, where ``exit=`` says so."""
        stated = [tag.removeprefix("exit=") for tag in self.tags if tag.startswith("exit=")]
        return int(stated[0]) if stated else 0


def blocks_of(document: Path) -> list[Block]:
    """The blocks in order."""
    found = [(match["words"].split(), match["text"]) for match in FENCE.finditer(document.read_text())]
    following = [*found[1:], (["nothing"], "")]
    return [
        Block(words[0], frozenset(words[1:]), text, after if next_words[:1] == ["text"] else None)
        for (words, text), (next_words, after) in zip(found, following, strict=True)
        if words
    ]


def missing_lines(shown: str, said: str) -> list[str]:
    """The lines shown that the real output does not have, in that order; ``...`` stands for anything in a line."""
    place, missing = 0, []
    for line in filter(None, map(str.strip, shown.splitlines())):
        parts = [re.escape(part.strip()) for part in line.split("...")]
        match = re.compile(r".*".join(parts)).search(said, place)
        if match is None:
            missing.append(line)
        else:
            place = match.end()
    return missing
