"""Bodies that no door may fall over, and what each must be answered with. Every door that reads JSON is shown them."""

from dataclasses import dataclass

BASE = b'{"portfolio_id":"p","objective":"MAX_SHARPE","method":"MEAN_VARIANCE"'


@dataclass(frozen=True)
class Body:
    """Bytes, and the status they deserve."""

    name: str
    content: bytes
    status: int

    def __str__(self) -> str:
        return self.name


def with_risk_free_rate(number: bytes) -> bytes:
    return BASE + b',"risk_parameters":{"risk_free_rate":' + number + b"}}"


UNREADABLE = [
    Body(name, content, 400)
    for name, content in {
        "empty": b"",
        "blank": b"   \n",
        "cut off": BASE,
        "something behind it": BASE + b"} x",
        "two documents": BASE + b"}" + BASE + b"}",
        "byte order mark": b"\xef\xbb\xbf" + BASE + b"}",
        "utf-16": (BASE + b"}").decode().encode("utf-16"),
        "invalid utf-8": BASE + b',"strategies":[{"name":"\xff\xfe"}]}',
        "lone surrogate": BASE + rb',"strategies":[{"name":"\ud800"}]}',
        "a surrogate the wrong way round": BASE + rb',"strategies":[{"name":"\udc00\ud800"}]}',
        "control character in a text": BASE + b',"strategies":[{"name":"a\x01b"}]}',
        "NaN": with_risk_free_rate(b"NaN"),
        "Infinity": with_risk_free_rate(b"Infinity"),
        "-Infinity": with_risk_free_rate(b"-Infinity"),
        "a number beyond every double": with_risk_free_rate(b"1e400"),
        "an integer of 5,000 digits": with_risk_free_rate(b"9" * 5000),
        "an option of 5,000 digits": BASE + b',"method_options":{"a":' + b"9" * 5000 + b"}}",
        "a number with a leading zero": with_risk_free_rate(b"007"),
        "a number with a plus": with_risk_free_rate(b"+1"),
        "lists 100,000 deep": b"[" * 100_000,
        "options 100,000 deep": BASE + b',"method_options":{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
        "objects 50,000 deep": BASE + b',"method_options":' + b'{"a":' * 50_000 + b"1" + b"}" * 50_000 + b"}",
        "options 500 deep": BASE + b',"method_options":' + b'{"a":' * 500 + b"1" + b"}" * 501,
        "options of an estimator 500 deep": BASE
        + b',"risk_parameters":{"covariance_estimator":{"name":"sample","options":{"a":'
        + b"[" * 500
        + b"]" * 500
        + b"}}}}",
        "single quotes": b"{'portfolio_id':'p'}",
        "a trailing comma": BASE + b",}",
        "a comment": b"/* hello */" + BASE + b"}",
        "a key twice": BASE + b',"method":"EQUAL_WEIGHT"}',
        "a limit twice": BASE + b',"constraints":{"max_weight":0.1,"max_weight":0.9}}',
        "a limit twice, written differently": BASE + rb',"constraints":{"max_weight":0.1,"max\u005fweight":0.9}}',
        "a sector twice": BASE + b',"constraints":{"sector_limits":{"a":0.1,"a":0.9}}}',
        "a figure of a name twice": BASE + b',"strategies":[{"name":"x:y","max_weight":1,"max_weight":2}]}',
        "an option twice": BASE + b',"method_options":{"a":[{"b":1,"b":2}]}}',
        "a key twice in an invalid document": b'{"nonsense":1,"nonsense":2}',
        "invalid, then unreadable": b'{"portfolio_id":7,"objective":',
        "multipart": b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--',
        "gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03",
    }.items()
]

INVALID = [
    Body(name, content, 422)
    for name, content in {
        "null": b"null",
        "a number": b"7",
        "a text": b'"portfolio"',
        "a list": b"[]",
        "nothing in it": b"{}",
        "an unknown field": BASE + b',"max_weight":0.3}',
        "an unknown limit": BASE + b',"constraints":{"max_wieght":0.3}}',
        "null for a limit": BASE + b',"constraints":{"max_weight":null}}',
        "null for a figure": BASE + b',"strategies":[{"name":"A","expected_return":null}]}',
        "null for the strategies": BASE + b',"strategies":null}',
        "no strategies": BASE + b',"strategies":[]}',
        "a text for a number": with_risk_free_rate(b'"0.02"'),
        "true for a number": with_risk_free_rate(b"true"),
        "a number that overflows when squared": with_risk_free_rate(b"1e200"),
        "an empty name": BASE + b',"strategies":[{"name":""}]}',
        "a name of spaces": BASE + b',"strategies":[{"name":"  "}]}',
        "a name with a line break": BASE + rb',"strategies":[{"name":"a\nb"}]}',
        "a name with a null character": BASE + rb',"strategies":[{"name":"a\u0000b"}]}',
        "an overlong name": BASE + b',"strategies":[{"name":"' + b"x" * 101 + b'"}]}',
        "a name twice": BASE + b',"strategies":[{"name":"A"},{"name":"A"}]}',
        "no means": BASE + b',"strategies":[{"name":"A"}]}',
        "a slash in the id": BASE.replace(b'"p"', b'"a/b"') + b"}",
        "an overlong id": BASE.replace(b'"p"', b'"' + b"p" * 101 + b'"') + b"}",
        "an unknown method": BASE.replace(b"MEAN_VARIANCE", b"ASTROLOGY") + b"}",
        "an unknown objective": BASE.replace(b"MAX_SHARPE", b"MAX_FUN") + b"}",
        "a return below -1": BASE + b',"strategies":[{"name":"A","returns":[-1.5,0.1]}]}',
        "one return": BASE + b',"strategies":[{"name":"A","returns":[0.1]}]}',
        "returns of null": BASE + b',"strategies":[{"name":"A","returns":[null,null]}]}',
        "no returns": BASE + b',"strategies":[{"name":"A","returns":[]}]}',
        "no leverage at all": BASE + b',"constraints":{"leverage_limit":0}}',
        "negative turnover": BASE + b',"constraints":{"turnover_limit":-0.1}}',
        "certainty": BASE + b',"risk_parameters":{"confidence_level":1}}',
        "no period in a year": BASE + b',"risk_parameters":{"periods_per_year":0}}',
        "another way with gaps": BASE + b',"risk_parameters":{"missing_data":"guess"}}',
        "a ragged covariance": BASE
        + b',"strategies":[{"name":"A"}],"risk_parameters":{"covariance":{"names":["A"],"values":[[1,2],[3]]}}}',
        "an empty covariance": BASE
        + b',"strategies":[{"name":"A"}],"risk_parameters":{"covariance":{"names":[],"values":[]}}}',
        "an indefinite covariance": BASE
        + b',"strategies":[{"name":"A","expected_return":0.1},{"name":"B","expected_return":0.1}],'
        + b'"risk_parameters":{"covariance":{"names":["A","B"],"values":[[1,2],[2,1]]}}}',
        "an asymmetric covariance": BASE
        + b',"strategies":[{"name":"A","expected_return":0.1},{"name":"B","expected_return":0.1}],'
        + b'"risk_parameters":{"covariance":{"names":["A","B"],"values":[[1,0.5],[0.4,1]]}}}',
        "an option that no method has": BASE
        + b',"strategies":[{"name":"A","expected_return":0.1}],"method_options":{"__class__":1},'
        + b'"risk_parameters":{"covariance":{"names":["A"],"values":[[1]]}}}',
        "an option of 70 bits": BASE + b',"method_options":{"a":1180591620717411303424}}',
        "an option of 400 digits": BASE + b',"method_options":{"a":' + b"9" * 400 + b"}}",
    }.items()
]

NASTY = [*UNREADABLE, *INVALID]
