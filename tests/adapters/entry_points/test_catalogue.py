"""Plugins are named, validated, blockable and lazy; a broken one is an error that names its distribution."""

import json
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tangency.adapters import container
from tangency.adapters.entry_points import EntryPointPlugins
from tangency.adapters.settings import Settings
from tangency.domain.errors import PluginError, TangencyError, Unsupported
from tangency.domain.optimization.solution import Origin
from tests.support.distributions import Distribution, method

Install = Callable[[Distribution], None]

EQUAL = "return Proposal(Status.FEASIBLE, weights=np.full(len(problem.universe), 1 / len(problem.universe)))"


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Publish a distribution for the length of a test."""
    return lambda distribution: distribution.install(tmp_path, monkeypatch)


def in_a_fresh_interpreter(program: str) -> str:
    """The output of a program, run where nothing has been imported yet."""
    result = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    return result.stdout.strip()


@pytest.mark.parametrize("spelling", ["equal_weight", "EQUAL_WEIGHT", "Equal_Weight"])
def test_a_method_is_found_by_its_name_in_any_case(spelling: str) -> None:
    assert EntryPointPlugins().find_method(spelling).name == "equal_weight"


def test_estimators_are_found_in_a_group_of_their_own() -> None:
    plugins = EntryPointPlugins()
    assert plugins.find_estimator("LEDOIT_WOLF").name == "ledoit_wolf"
    with pytest.raises(Unsupported):
        plugins.find_method("ledoit_wolf")


def test_the_same_instance_serves_every_call() -> None:
    plugins = EntryPointPlugins()
    assert plugins.find_method("equal_weight") is plugins.find_method("EQUAL_WEIGHT")


def test_an_unknown_name_is_refused_with_the_names_that_are_there() -> None:
    with pytest.raises(Unsupported, match="did you mean equal_weight") as caught:
        EntryPointPlugins().find_method("equal_wieght")
    assert caught.value.faults[0].path == ("method",)


def test_an_unknown_estimator_is_refused_where_it_stands() -> None:
    path = ("risk_parameters", "covariance_estimator")
    with pytest.raises(
        Unsupported, match=r"'crystal_ball' is not a known estimator; valid: bayes_stein, .*ewma"
    ) as caught:
        EntryPointPlugins().find_estimator("crystal_ball", path)
    assert caught.value.faults[0].path == path


def test_a_blocked_name_is_refused_by_saying_that_an_operator_blocked_it() -> None:
    plugins = EntryPointPlugins(blocked=["Equal_Weight", "ewma"])
    with pytest.raises(Unsupported, match="blocked by the operator"):
        plugins.find_method("EQUAL_WEIGHT")
    with pytest.raises(Unsupported, match="blocked by the operator"):
        plugins.find_estimator("ewma")
    assert plugins.find_method("inverse_volatility").name == "inverse_volatility"


def test_a_blocked_name_is_never_offered_as_a_hint() -> None:
    with pytest.raises(Unsupported) as caught:
        EntryPointPlugins(blocked=["equal_weight"]).find_method("equal_wait")
    assert "equal_weight" not in str(caught.value)


def test_what_travels_to_another_process_is_what_to_block() -> None:
    plugins = EntryPointPlugins(blocked=["ewma"])
    plugins.find_method("equal_weight")
    assert pickle.loads(pickle.dumps(plugins)).blocked == {"ewma"}  # noqa: S301 - our own
    assert len(pickle.dumps(plugins)) < 200


def test_metadata_is_read_without_importing_any_plugin() -> None:
    program = """
    import sys
    from tangency.adapters.entry_points import EntryPointPlugins
    plugins = EntryPointPlugins()
    plugins.origin("equal_weight")
    before = [m for m in sys.modules if m.startswith("tangency.plugins")]
    plugins.find_method("equal_weight")
    print(before, "tangency.plugins.equal_weight" in sys.modules, "tangency.plugins.mean_variance" in sys.modules)
    """
    assert in_a_fresh_interpreter(program.replace("\n    ", "\n")) == "[] True False"


def test_the_origin_of_a_method_is_its_distribution(install: Install) -> None:
    install(Distribution("acme-methods", method("acme", EQUAL), methods={"acme": "Method"}))
    assert EntryPointPlugins().origin("ACME") == Origin("acme", "acme-methods", "1.2.3")
    assert EntryPointPlugins().origin("equal_weight").distribution == "tangency"
    assert EntryPointPlugins().estimator_origin("ewma").name == "ewma"


BROKEN = {
    "import": ("raise RuntimeError('no licence key')", "RuntimeError: no licence key"),
    "missing module": ("import module_that_nobody_has", "No module named 'module_that_nobody_has'"),
    "exit": ("raise SystemExit(3)", "SystemExit: 3"),
    "no class": ("", "has no attribute 'Method'"),
    "arguments": ("class Method:\n    def __init__(self, key): ...", "missing 1 required positional argument"),
    "other name": (method("another", EQUAL), "named 'acme' and it calls itself 'another'"),
    "no citation": (method("acme", EQUAL, citation="'  '"), "it has no citation"),
    "no capabilities": (method("acme", EQUAL, capabilities="{}"), "it has no capabilities"),
    "no solve": (method("acme", EQUAL) + "    solve = None", "it has no method solve()"),
    "options of no dataclass": (method("acme", EQUAL, options="dict"), "its options are <class 'dict'>"),
    "options of no wire type": (
        "@dataclass\nclass Options:\n    matrix: np.ndarray\n" + method("acme", EQUAL, options="Options"),
        "its options cannot be read from a request",
    ),
}


@pytest.mark.parametrize("flaw", BROKEN)
def test_a_broken_plugin_is_an_error_that_names_its_distribution(flaw: str, install: Install) -> None:
    source, reason = BROKEN[flaw]
    install(Distribution(f"acme-{flaw.replace(' ', '-')}", source, methods={"acme": "Method"}))
    plugins = EntryPointPlugins()
    with pytest.raises(PluginError) as caught:
        plugins.find_method("acme")
    assert caught.value.distribution.startswith("acme-")
    assert reason in caught.value.reason
    row = next(row for row in plugins.describe() if row["name"] == "acme")
    assert reason in row["error"]
    assert row["capabilities"] is None
    assert plugins.find_method("equal_weight").name == "equal_weight"


ENDINGS = {
    "module-exits": ("os._exit(0)", "ended the process that tried it with exit code 0"),
    "module-segfaults": ("ctypes.string_at(0)", "ended the process that tried it with SIGSEGV"),
    "constructor-exits": ("os._exit(3)", "ended the process that tried it with exit code 3"),
    "constructor-hangs": ("time.sleep(600)", "did not end within 1 s"),
    "declaration-exits": ("os._exit(0)", "ended the process that tried it with exit code 0"),
}
PLACES = {
    "module": "{}",
    "constructor": "class Method:\n    def __init__(self):\n        {}",
    "declaration": "class Method:\n    @property\n    def citation(self):\n        {}",
}


@pytest.mark.parametrize("how", ENDINGS)
def test_a_plugin_that_ends_whoever_loads_it_is_an_error_where_that_must_not_be(
    how: str, install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tangency.adapters.entry_points.trial.PATIENCE_S", 1)
    deed, reason = ENDINGS[how]
    source = "import ctypes, os, time\n" + PLACES[how.split("-", maxsplit=1)[0]].format(deed)
    install(Distribution(f"acme-{how}", source, methods={"acme": "Method"}))
    plugins = container.plugins(Settings())
    with pytest.raises(PluginError) as caught:
        plugins.find_method("acme")
    module = f"acme_{how.replace('-', '_')}"
    step = f"importing {module}" if "module" in how else f"loading {module}:Method"
    assert f"{step} {reason}. Mend or uninstall it" in caught.value.reason
    assert caught.value.distribution == f"acme-{how}"
    assert plugins.find_method("equal_weight").name == "equal_weight"


def test_an_estimator_is_tried_as_a_method_is(install: Install) -> None:
    source = "import os\nclass Estimator:\n    def __init__(self):\n        os._exit(0)\n" + method("acme", EQUAL)
    install(Distribution("acme-guesses", source, methods={"acme": "Method"}, estimators={"guess": "Estimator"}))
    plugins = container.plugins(Settings())
    with pytest.raises(PluginError, match="loading acme_guesses:Estimator ended the process"):
        plugins.find_estimator("guess")
    assert plugins.find_method("acme").name == "acme"  # beside it, in the same module


def test_what_is_tried_first_is_loaded_then(install: Install) -> None:
    install(Distribution("acme-sound", method("acme", EQUAL), methods={"acme": "Method"}))
    assert container.plugins(Settings()).find_method("acme").name == "acme"


def test_every_flaw_of_a_plugin_is_reported_at_once(install: Install) -> None:
    install(Distribution("acme-empty", "class Method: ...", methods={"acme": "Method"}))
    with pytest.raises(PluginError) as caught:
        EntryPointPlugins().find_method("acme")
    for part in ("calls itself None", "no citation", "options are None", "no capabilities", "no method solve()"):
        assert part in caught.value.reason


def test_an_estimator_lacks_nothing_either(install: Install) -> None:
    source = "class E:\n    name = 'guess'\n    citation = 'x'\n    options = NoOptions"
    install(Distribution("acme-estimators", source, estimators={"guess": "E"}))
    with pytest.raises(PluginError, match="it has none of the methods mean, covariance, scenarios"):
        EntryPointPlugins().find_estimator("guess")


def test_two_distributions_that_claim_one_name_are_both_named(install: Install) -> None:
    install(Distribution("acme-one", method("acme", EQUAL), methods={"acme": "Method"}))
    install(Distribution("acme-two", method("ACME", EQUAL), methods={"ACME": "Method"}))
    plugins = EntryPointPlugins()
    for ask in (plugins.find_method, plugins.origin):
        with pytest.raises(PluginError, match="acme-one and acme-two both claim this name"):
            ask("acme")
    row = next(row for row in plugins.describe() if row["name"].lower() == "acme")
    assert row["distribution"] == "acme-one, acme-two"
    with pytest.raises(Unsupported, match="blocked"):
        EntryPointPlugins(blocked=["acme"]).find_method("acme")


def test_a_description_is_plain_and_complete() -> None:
    rows = {row["name"]: row for row in json.loads(json.dumps(EntryPointPlugins().describe()))}
    row = rows["equal_weight"]
    assert row["distribution"] == "tangency"
    assert "DeMiguel" in row["citation"]
    assert row["capabilities"]["rule"] is True
    assert row["capabilities"]["objectives"] == []
    assert row["options"]["properties"] == {}
    assert row["options"]["additionalProperties"] is False
    assert row["error"] is None


def test_estimators_are_described_with_the_schema_of_their_options() -> None:
    rows = {row["name"]: row for row in EntryPointPlugins().describe_estimators()}
    assert rows["ewma"]["options"]["properties"] == {"half_life": {"type": "number", "default": 60.0}}
    assert "capabilities" not in rows["ewma"]


def test_a_blocked_plugin_is_listed_as_blocked_and_not_imported() -> None:
    rows = {row["name"]: row for row in EntryPointPlugins(blocked=["equal_weight"]).describe()}
    assert "blocked by the operator" in rows["equal_weight"]["error"]


def test_every_error_of_the_loader_is_in_our_tree() -> None:
    assert issubclass(PluginError, TangencyError)
