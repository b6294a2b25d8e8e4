"""How the service says who it is to a broker: one way of three, and files that are there."""

from pathlib import Path
from typing import Any

import pulsar
import pytest

from tangency.adapters.pulsar.client import authentication_of, client_of
from tangency.adapters.settings import InvalidSettings, Settings

URL = "pulsar+ssl://broker.example:6651"


def of(folder: Path, **stated: Any) -> Settings:
    """Settings whose files are there, by their bare names."""
    for name, value in stated.items():
        if name.endswith("_file"):
            (folder / value).write_text("{}")
            stated[name] = str(folder / value)
    return Settings(pulsar_url=URL, **stated)


TOKEN = {"pulsar_token_file": "token"}
CERTIFICATE = {"pulsar_tls_certificate_file": "certificate", "pulsar_tls_key_file": "key"}
OAUTH2 = {"pulsar_oauth2_issuer_url": "https://issuer.example", "pulsar_oauth2_key_file": "client"}


@pytest.mark.parametrize(
    ("stated", "kind"),
    [
        ({}, type(None)),
        (TOKEN, pulsar.AuthenticationToken),
        (CERTIFICATE, pulsar.AuthenticationTLS),
        (OAUTH2, pulsar.AuthenticationOauth2),
    ],
    ids=["nobody", "token", "certificate", "oauth2"],
)
def test_each_way_makes_a_client(tmp_path: Path, stated: dict[str, Any], kind: type) -> None:
    settings = of(tmp_path, **stated)
    assert isinstance(authentication_of(settings), kind)
    client_of(settings).close()


def test_two_ways_contradict_each_other(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match="choose one"):
        authentication_of(of(tmp_path, **TOKEN, **CERTIFICATE))


@pytest.mark.parametrize("name", ["pulsar_token_file", "pulsar_tls_ca_file", "pulsar_tls_certificate_file"])
def test_a_file_that_is_not_there_is_named_with_its_variable(name: str) -> None:
    with pytest.raises(InvalidSettings, match=f"TANGENCY_{name.upper()} names /nowhere"):
        client_of(Settings(pulsar_url=URL, **{name: "/nowhere"}))  # type: ignore[arg-type]
