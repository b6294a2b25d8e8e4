"""Reading requests: what cannot be read, what is no request, and where each mistake stands."""

import json
import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tangency.adapters.document import reading
from tangency.adapters.document.diagnosis import faults_in, pointer
from tangency.adapters.document.mapping import question_of
from tangency.adapters.document.reading import UnreadableDocument, read_batch, read_request, read_value, request_from
from tangency.adapters.document.request import OptimizationRequest
from tangency.domain.errors import InvalidInput
from tests.support.bodies import BASE, INVALID, UNREADABLE, Body

CONTEXT_FREE = [body for body in INVALID if body.name in {"null", "an unknown field", "a text for a number"}]


@pytest.mark.parametrize("body", UNREADABLE, ids=str)
def test_what_cannot_be_read_is_said_so(body: Body) -> None:
    with pytest.raises(UnreadableDocument):
        read_request(body.content)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b'{"a": NaN}', "at 'NaN}'; JSON has no word for it: leave the field out."),
        (
            b'{"a": 1' + b"0" * 5000 + b"}",
            f"'1{'0' * 19}...' is a number that no double can hold; give one of at most 1e+150 in size.",
        ),
        (b'{"a": [0, -1e400]}', "'-1e400' is a number that no double can hold; give one of at most 1e+150 in size."),
        (b'{"1e999": 1, }', "at '}'."),
        (b"\x1f\x8b\x08\x00", r"at '\x1f\\x8b\x08\x00'."),
    ],
)
def test_what_is_no_json_is_shown(body: bytes, told: str) -> None:
    with pytest.raises(UnreadableDocument) as caught:
        read_value(body)
    assert str(caught.value).endswith(told)


def read_as_batch(content: bytes) -> None:
    for item in read_batch(b"[" + content + b"]", limit=10):
        read_request(item)


@pytest.mark.parametrize("body", [body for body in UNREADABLE if body.content.strip()], ids=str)
def test_an_item_of_a_batch_is_read_as_it_would_be_alone(body: Body) -> None:
    with pytest.raises(UnreadableDocument):
        read_as_batch(body.content)


def faults(body: bytes) -> list[tuple[str, str]]:
    with pytest.raises(InvalidInput) as caught:
        question_of(read_request(body))
    return [(pointer(fault.path), fault.code) for fault in caught.value.faults]


@pytest.mark.parametrize("spelled", ["e\u0301", "e\\u0301", "\\u0065\\u0301", "\u00e9", "\\u00e9"])
def test_a_text_is_composed_however_it_is_written(spelled: str) -> None:
    body = BASE + f',"scores":{{"{spelled}":{{"esg":1}}}}}}'.encode()
    assert question_of(read_request(body)).scores == {"\u00e9": {"esg": 1}}
    assert read_value(f'{{"{spelled}": ["{spelled}"]}}'.encode()) == {"\u00e9": ["\u00e9"]}


def test_two_keys_that_read_alike_are_refused() -> None:
    both = '{"e\u0301": 1, "\u00e9": 2}'.encode()
    with pytest.raises(InvalidInput, match="twice, in two spellings"):
        read_value(both)
    with pytest.raises(UnreadableDocument, match="twice in one object"):
        read_value('{"\u00e9": 1, "\u00e9": 2}'.encode())


@pytest.mark.parametrize(("field", "given"), [("min_weight", b"-1e151"), ("turnover_limit", b"1e151")])
def test_a_number_that_is_too_large_is_told_the_largest(field: str, given: bytes) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_request(BASE + b',"constraints":{"' + field.encode() + b'":' + given + b"}}")
    assert "at most 1e+150" in caught.value.faults[0].detail


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b',"method_options":{"a":[%d]}}' % (2**70,), "/method_options/a/0"),
        (b',"scores":{"A":{"esg":%d}}}' % (-(2**63) - 1,), "/scores/A/esg"),
        (
            b',"risk_parameters":{"prior":{"name":"copula","options":{"seed":%d}}}}' % (2**63,),
            "/risk_parameters/prior/options/seed",
        ),
    ],
)
def test_a_whole_number_that_no_wire_carries_is_refused_with_its_place(body: bytes, place: str) -> None:
    assert faults(BASE + body) == [(place, "range")]


def test_options_of_a_file_may_not_be_nested_without_end_either() -> None:
    options: dict[str, Any] = {}
    for _ in range(500):
        options = {"a": options}
    value = {"portfolio_id": "p", "objective": "MAX_SHARPE", "method": "MEAN_VARIANCE", "method_options": options}
    with pytest.raises(InvalidInput) as caught:
        question_of(request_from(value))
    (fault,) = caught.value.faults
    assert (pointer(fault.path), fault.code) == ("/method_options/a", "depth")


def test_every_mistake_is_told_with_its_place() -> None:
    body = BASE + (
        b',"strategies":[{"name":"","expected_return":"x","foo":1,"returns":[0.1,null,-3,"a"]},{}],'
        b'"constraints":{"max_wieght":1,"leverage_limit":0,"sector_limits":{"a/b~c":null}},'
        b'"risk_parameters":{"covariance_estimator":{"nam":"e"},"missing_data":"drop","confidence_level":1,'
        b'"covariance":{"names":["a"],"values":[[1,2],3]}}}'
    )
    assert faults(body) == [
        ("/strategies/0/foo", "unknown"),
        ("/strategies/0/name", "type_or_range"),
        ("/strategies/0/expected_return", "type_or_range"),
        ("/strategies/0/returns/2", "type_or_range"),
        ("/strategies/0/returns/3", "type_or_range"),
        ("/strategies/1/name", "missing"),
        ("/constraints/max_wieght", "unknown"),
        ("/constraints/sector_limits/a~1b~0c", "type_or_range"),
        ("/constraints/leverage_limit", "type_or_range"),
        ("/risk_parameters/confidence_level", "type_or_range"),
        ("/risk_parameters/covariance_estimator/nam", "unknown"),
        ("/risk_parameters/covariance_estimator/name", "missing"),
        ("/risk_parameters/missing_data", "type_or_range"),
        ("/risk_parameters/covariance/values/1", "type"),
    ]


@pytest.mark.parametrize(
    ("rest", "place"),
    [
        (b',"strategies":[{"name":"a\\nb"}]', "/strategies/0/name"),
        (b',"strategies":[{"name":"A","sector":"\\u0007"}]', "/strategies/0/sector"),
        (b',"method_options":{"a":[1,' + b"9" * 400 + b"]}", "/method_options/a/1"),
        (
            b',"risk_parameters":{"covariance_estimator":{"name":"e","options":{"h":' + b"9" * 400 + b"}}}",
            "/risk_parameters/covariance_estimator/options/h",
        ),
        (
            b',"risk_parameters":{"covariance":{"names":["A","B"],"values":[[1,2],[3]]}}',
            "/risk_parameters/covariance/values/1",
        ),
        (
            b',"risk_parameters":{"covariance":{"names":["A"],"values":[]}}',
            "/risk_parameters/covariance/values",
        ),
        (
            b',"risk_parameters":{"covariance":{"names":["A","B"],"values":[[1,2],[3,-2e150]]}}',
            "/risk_parameters/covariance/values/1/1",
        ),
    ],
)
def test_what_the_types_cannot_say_is_checked_too(rest: bytes, place: str) -> None:
    assert [found for found, _ in faults(BASE + rest + b"}")] == [place]


def test_no_more_mistakes_are_told_than_anybody_reads() -> None:
    strategies = [{"nonsense": 1}] * 200
    assert len(faults(BASE + b',"strategies":' + json.dumps(strategies).encode() + b"}")) == 50


@pytest.mark.parametrize("limit", [10, 10_000_000])
def test_the_same_is_said_of_large_and_small_documents(monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    monkeypatch.setattr(reading, "LARGEST_DIAGNOSED", limit)
    ((place, _),) = faults(BASE + b',"strategies":[{"name":"A","returns":[1,"x"]}]}')
    assert place.startswith("/strategies/")
    for body in (BASE + b',"method":"x"}', b'{"portfolio_id":7,"objective":'):
        with pytest.raises(UnreadableDocument):
            read_request(body)


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)


@given(NAMES, st.dictionaries(NAMES, st.floats(-1, 1), max_size=4), st.recursive(st.none() | NAMES, st.lists))
def test_texts_with_colons_quotes_and_braces_are_no_keys(name: str, sectors: dict[str, float], option: Any) -> None:
    document = {
        "portfolio_id": "p",
        "objective": "o",
        "method": "m",
        "strategies": [{"name": name, "sector": name}],
        "constraints": {"sector_limits": sectors},
        "method_options": {name: {name: option}, "plain": [{name: 1}]},
    }
    read = read_request(json.dumps(document, ensure_ascii=False).encode())
    assert json.loads(msgspec.json.encode(read)) == document


@given(NAMES.filter(lambda name: name != "strategies"), st.booleans())
def test_a_key_twice_is_found_wherever_it_stands(name: str, deep: bool) -> None:
    key = json.dumps(name).encode()
    twice = b"{" + key + b":1," + key + b":2}"
    options = b'{"a":[' + twice + b"]}" if deep else twice
    with pytest.raises(UnreadableDocument, match="twice"):
        read_request(BASE + b',"method_options":' + options + b"}")


FIGURES = st.floats(0.1, 0.9)
SHARES = st.dictionaries(NAMES, FIGURES, max_size=3)
OPTIONS = st.dictionaries(NAMES, st.recursive(FIGURES | NAMES, lambda inner: st.lists(inner) | SHARES), max_size=3)
ESTIMATORS = NAMES | st.fixed_dictionaries({"name": NAMES}, optional={"options": OPTIONS})
REQUESTS = st.fixed_dictionaries(
    {"portfolio_id": st.just("p")},
    optional={
        "objective": NAMES,
        "method": NAMES,
        "strategies": st.lists(
            st.fixed_dictionaries(
                {"name": NAMES},
                optional={"sector": NAMES, "max_weight": FIGURES, "returns": st.lists(FIGURES), "scores": SHARES},
            ),
            max_size=3,
        ),
        "method_options": OPTIONS,
        "scores": OPTIONS,
        "constraints": st.fixed_dictionaries({}, optional={"min_weight": FIGURES, "sector_limits": SHARES}),
        "risk_parameters": st.fixed_dictionaries(
            {},
            optional={
                "target_return": FIGURES,
                "prior": ESTIMATORS,
                "covariance_estimator": ESTIMATORS,
                "missing_data": st.fixed_dictionaries(
                    {"policy": st.just("proxy")}, optional={"proxies": st.dictionaries(NAMES, NAMES, max_size=3)}
                ),
                "covariance": st.just({"names": ["A"], "values": [[1.0]]}),
            },
        ),
    },
)


def objects(value: Any) -> list[dict[str, Any]]:
    """All those of a document that have a key."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    here = [value] if isinstance(value, dict) and value else []
    return here + [found for part in inside for found in objects(part)]


def written(value: Any, twice: tuple[dict[str, Any], str] | None = None) -> str:
    """A document as JSON, with one key of one object a second time at its end."""
    if isinstance(value, list):
        return f"[{','.join(written(part, twice) for part in value)}]"
    if not isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    pairs = [*value.items()]
    if twice is not None and value is twice[0]:
        pairs.append((twice[1], value[twice[1]]))
    return f"{{{','.join(f'{json.dumps(key, ensure_ascii=False)}: {written(part, twice)}' for key, part in pairs)}}}"


@given(REQUESTS, st.data())
def test_of_a_valid_request_every_key_is_found_that_comes_twice_and_none_that_does_not(
    document: dict[str, Any], data: st.DataObject
) -> None:
    read_request(written(document).encode())
    place = data.draw(st.sampled_from(objects(document)))
    body = written(document, (place, data.draw(st.sampled_from(sorted(place)))))
    with pytest.raises(UnreadableDocument, match="twice"):
        read_request(body.encode())


def test_a_matrix_of_a_file_may_have_no_gaps() -> None:
    values = [[1.0, 0.5], [0.5, math.nan]]
    risk = {"covariance": {"names": ["A", "B"], "values": values}}
    with pytest.raises(InvalidInput) as caught:
        question_of(request_from({"portfolio_id": "p", "risk_parameters": risk}))
    assert [pointer(fault.path) for fault in caught.value.faults] == ["/risk_parameters/covariance/values/1/1"]


@pytest.mark.parametrize("body", CONTEXT_FREE, ids=str)
def test_yaml_is_held_to_the_same_rules(body: Body) -> None:
    with pytest.raises(InvalidInput) as from_values:
        request_from(json.loads(body.content))
    with pytest.raises(InvalidInput) as from_bytes:
        read_request(body.content)
    assert from_values.value.faults == from_bytes.value.faults


def test_a_yaml_file_with_other_keys_than_texts_is_refused() -> None:
    with pytest.raises(InvalidInput):
        request_from({1: 2})
    stated = {"portfolio_id": "p", "objective": "o", "method": "m", "constraints": {"sector_limits": {1: 0.5}}}
    with pytest.raises(InvalidInput, match="keys are texts"):
        request_from(stated)


def test_a_batch_is_a_list_of_limited_length() -> None:
    with pytest.raises(InvalidInput, match="has 3 items; this service takes 2 at most"):
        read_batch(b"[1,2,3]", limit=2)
    with pytest.raises(InvalidInput, match="give a list of requests"):
        read_batch(BASE + b"}", limit=2)
    assert read_batch(b"[]", limit=2) == []


SCALARS = st.none() | st.booleans() | st.integers(-10, 10) | st.floats(allow_nan=False, allow_infinity=False) | NAMES
FIELDS = st.sampled_from(
    [
        "portfolio_id",
        "objective",
        "method",
        "strategies",
        "constraints",
        "risk_parameters",
        "name",
        "max_weight",
        "names",
    ]
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS | NAMES, inner, max_size=5),
    max_leaves=15,
)


@given(ANYTHING)
def test_the_diagnosis_agrees_with_the_types_about_what_is_allowed(value: Any) -> None:
    try:
        msgspec.json.decode(json.dumps(value), type=OptimizationRequest)
    except msgspec.ValidationError:
        assert faults_in(value, OptimizationRequest)
    else:
        assert not faults_in(value, OptimizationRequest)
