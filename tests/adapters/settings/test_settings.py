"""Settings come from the environment and a file, and a wrong one is named."""

import logging
from pathlib import Path

import pytest
from msgspec import structs

from tangency.adapters.settings import InvalidSettings, Settings, is_loopback
from tangency.application.duties import Duties, Role


def test_nothing_stated_gives_the_defaults() -> None:
    settings = Settings.load({})
    assert settings == Settings()
    assert (settings.host, settings.port, settings.tenant) == ("127.0.0.1", 8000, "default")
    assert settings.embedded
    assert settings.workers >= 1


def test_the_environment_wins_over_the_file_and_the_file_over_the_defaults(tmp_path: Path) -> None:
    file = tmp_path / "tangency.toml"
    file.write_text('port = 9000\nbatch_limit = 7\nblocked_plugins = ["a", "b"]\n')
    settings = Settings.load({"TANGENCY_CONFIG": str(file), "TANGENCY_PORT": "9001", "TANGENCY_DEADLINE_S": "2.5"})
    assert (settings.port, settings.batch_limit, settings.deadline_s) == (9001, 7, 2.5)
    assert settings.blocked_plugins == ("a", "b")


@pytest.mark.parametrize(
    ("roles", "broker", "needed"),
    [
        ({Role.API}, "", 1),
        ({Role.WORKER}, "", 2),
        ({Role.WORKER}, "pulsar://broker:6650", 1),
        ({Role.RELAY}, "", 3),
        ({Role.RELAY}, "pulsar://broker:6650", 4),
        (set(Role), "", 4),
    ],
)
def test_a_process_that_would_wait_for_its_own_connections_does_not_start(
    roles: set[Role], broker: str, needed: int
) -> None:
    server = Settings(database_url="postgresql://host/name", pulsar_url=broker, database_connections=needed)
    duties = Duties(frozenset(roles))
    server.refuse_fewer_connections(duties.connections(server.ticketed))
    if needed > 1:
        few = structs.replace(server, database_connections=needed - 1)
        with pytest.raises(InvalidSettings, match=f"TANGENCY_DATABASE_CONNECTIONS is {needed - 1}.* needs {needed} "):
            few.refuse_fewer_connections(duties.connections(few.ticketed))
        structs.replace(few, database_url="").refuse_fewer_connections(needed)


def test_names_are_separated_by_commas() -> None:
    assert Settings.load({"TANGENCY_BLOCKED_PLUGINS": " a, b ,,"}).blocked_plugins == ("a", "b")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("TANGENCY_PORT", "70000"),
        ("TANGENCY_PORT", "http"),
        ("TANGENCY_DEADLINE_S", "nan"),
        ("TANGENCY_DEADLINE_S", "-1"),
        ("TANGENCY_DEADLINE_S", "inf"),
        ("TANGENCY_BATCH_LIMIT", "0"),
        ("TANGENCY_HOST", ""),
        ("TANGENCY_TENANT", "x" * 101),
    ],
)
def test_a_value_that_cannot_be_used_is_told_with_its_variable(variable: str, value: str) -> None:
    with pytest.raises(InvalidSettings, match=variable):
        Settings.load({variable: value})


def test_every_wrong_value_is_told() -> None:
    with pytest.raises(InvalidSettings) as caught:
        Settings.load({"TANGENCY_PORT": "x", "TANGENCY_BATCH_LIMIT": "y"})
    assert "TANGENCY_PORT" in str(caught.value)
    assert "TANGENCY_BATCH_LIMIT" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"port = ", "cannot be read"),
        (b"\xff", "cannot be read"),
        (b"prot = 1", "'prot' is not a setting; did you mean port"),
        (b'port = "9000x"', "port in .*tangency.toml is '9000x'"),
        (b"port = 1.5", "port in"),
        (b"blocked_plugins = 3", "blocked_plugins in"),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "tangency.toml"
    file.write_bytes(content)
    with pytest.raises(InvalidSettings, match=message):
        Settings.load({"TANGENCY_CONFIG": str(file)})


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match="TANGENCY_CONFIG names"):
        Settings.load({"TANGENCY_CONFIG": str(tmp_path / "nowhere.toml")})


def test_a_variable_that_means_nothing_is_worth_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert Settings.load({"TANGENCY_PROT": "1"}) == Settings()
    assert "TANGENCY_PROT is not a setting; did you mean port" in caplog.text


def test_the_database_lies_in_the_data_folder_unless_it_is_named(tmp_path: Path) -> None:
    settings = Settings(data_dir=str(tmp_path))
    assert settings.sqlalchemy_url == f"sqlite+aiosqlite:///{tmp_path / 'tangency.db'}"
    named = Settings(database_url="postgresql://u@h/d")
    assert not named.embedded
    assert named.sqlalchemy_url == "postgresql://u@h/d"


def test_without_a_folder_it_is_the_users_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert Settings().data_path.name == "tangency"


def test_which_names_mean_this_machine() -> None:
    everywhere = "0.0.0.0"  # noqa: S104 - what an operator may set
    assert all(map(is_loopback, ["localhost", "127.0.0.1", "127.1.2.3", "::1", "[::1]"]))
    assert not any(map(is_loopback, ["", everywhere, "::", "0", "example.org", "localhost.example.org", "10.0.0.1"]))


@pytest.mark.parametrize(
    ("variable", "value", "remedy"),
    [
        ("TANGENCY_PORT", "x", "is 'x'; give a whole number."),
        ("TANGENCY_PORT", "70000", "is '70000'; give a number at most 65535."),
        ("TANGENCY_DEADLINE_S", "-1", "is '-1'; give a number at least 0.01."),
        ("TANGENCY_SERIES", "disk", "is 'disk'; give 'auto' or 'timescale' or 'postgres' or 'sqlite'."),
        ("TANGENCY_GRPC_REFLECTION", "maybe", "is 'maybe'; give true or false."),
        ("TANGENCY_GRPC", "8000", "is '8000'; give HOST:PORT, such as 127.0.0.1:50051."),
        ("TANGENCY_PULSAR_URL", "broker:6650", "is 'broker:6650'; give an address that begins with pulsar:// or "),
        ("TANGENCY_PULSAR_TENANT", "a/b", "is 'a/b'; give one such as 'tangency'."),
    ],
)
def test_a_value_that_cannot_be_used_is_told_with_what_can(variable: str, value: str, remedy: str) -> None:
    with pytest.raises(InvalidSettings) as caught:
        Settings.load({variable: value})
    assert str(caught.value).startswith(f"{variable} {remedy}")
