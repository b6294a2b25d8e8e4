"""JSON and YAML say the same; what could be read in two ways is refused with its place."""

from pathlib import Path

import pytest

from tangency.adapters.files.documents import read_document
from tangency.domain.errors import InvalidInput

JSON, YAML = Path("request.json"), Path("request.yaml")
VALUES = {
    "portfolio_id": "port-1",
    "strategies": [{"name": "ON", "sector": "NO", "returns": [0.01, None, -2e-3]}, {"name": "1e", "min_weight": 1}],
    "flag": True,
    "day": "2020-01-01",
}
YAML_TEXT = b"""
portfolio_id: port-1
strategies:
  - {name: ON, sector: NO, returns: [0.01, null, -2e-3]}
  - name: 1e
    min_weight: 1
flag: true
day: 2020-01-01
"""
JSON_TEXT = (
    b'{"portfolio_id": "port-1", "flag": true, "day": "2020-01-01", "strategies": '
    b'[{"name": "ON", "sector": "NO", "returns": [0.01, null, -2e-3]}, {"name": "1e", "min_weight": 1}]}'
)


@pytest.mark.parametrize(("path", "text"), [(JSON, JSON_TEXT), (YAML, YAML_TEXT), (Path("a.YML"), YAML_TEXT)], ids=str)
def test_the_same_document_reads_the_same(path: Path, text: bytes) -> None:
    assert read_document(path, text) == VALUES
    assert read_document(path, b"\xef\xbb\xbf" + text) == VALUES


@pytest.mark.parametrize(
    ("path", "text", "parts"),
    [
        (JSON, b"{", ["request.json is not JSON", "line 1"]),
        (JSON, b'{"a": 1,\n "a": 2}', ["the key 'a' twice"]),
        (JSON, b'{"b": {"a": 1, "a": 1}}', ["the key 'a' twice"]),
        (JSON, b'{"NaN": 1,\n "a \\" NaN": NaN}', ["NaN at line 2, column 14", "finite number"]),
        (JSON, b"[-Infinity]", ["-Infinity at line 1, column 2", "finite number"]),
        (JSON, b'{"a": -Infinity}', ["-Infinity"]),
        (JSON, b'{"a": ' + b"9" * 5000 + b"}", ["is not JSON"]),
        (JSON, b"[" * 100_000, ["nested too deeply"]),
        (JSON, b"\xff", ["is not UTF-8"]),
        (YAML, b"a: 1\nb: 2\na: 3\n", ["the key 'a' is given twice", "line 3"]),
        (YAML, b"a: {b: 1, b: 1}\n", ["the key 'b' is given twice"]),
        (YAML, b"a: [1\n", ["cannot be read as YAML", "line 2"]),
        (YAML, b"a: &x [1]\nb: *x\n", ["references", "line 2"]),
        (YAML, b"a: 1\n---\nb: 2\n", ["cannot be read as YAML"]),
        (YAML, b"a: !!python/object/apply:os.system [echo]\n", ["cannot be read as YAML"]),
        (YAML, b"a: \x00\n", ["cannot be read as YAML"]),
        (YAML, b"[" * 20_000, ["nested too deeply"]),
    ],
)
def test_what_cannot_be_read_in_one_way_is_refused_with_its_place(path: Path, text: bytes, parts: list[str]) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_document(path, text)
    said = caught.value.faults[0].detail
    assert path.name in said
    assert [part for part in parts if part not in said] == [], said


def test_not_a_number_is_a_text_in_yaml_which_no_field_of_figures_takes() -> None:
    assert read_document(YAML, b"[.nan, .inf, NaN]") == [".nan", ".inf", "NaN"]
