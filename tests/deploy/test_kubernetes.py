"""The manifests are built and validated strictly; then what no schema knows: selectors, settings, commands."""

from __future__ import annotations

import asyncio
import shlex
from itertools import combinations
from typing import Any

import kubernetes_validate
import msgspec
import pytest
from sqlalchemy import text

from tangency.adapters.settings import PREFIX, Settings
from tangency.adapters.sql import Store
from tangency.domain.optimization.queue import Queue
from tests.contracts.test_fleet import ordered
from tests.contracts.test_store import AT
from tests.deploy.commands import understood
from tests.deploy.manifests import BUILDS, Manifest, built, chosen, containers, of_kind, pod_of

pytestmark = pytest.mark.service("kustomize")

VERSIONS = ("1.31", "1.34")
SECRETS = {"tangency-database": {"url", "queue_url"}}
"""What docs/operations/install.md has the operator make."""


@pytest.fixture(params=BUILDS)
def manifests(request: pytest.FixtureRequest) -> tuple[Manifest, ...]:
    return built(request.param)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_every_manifest_is_valid_strictly(manifests: tuple[Manifest, ...], version: str) -> None:
    known = [each for each in manifests if not each["apiVersion"].startswith("keda.sh/")]

    for each in known:
        kubernetes_validate.validate(each, version, strict=True)

    assert len(known) >= 13


def test_a_manifest_with_a_misspelt_field_is_not_valid() -> None:
    deployment = {**of_kind(built("base"), "Deployment")[0], "specification": {}}

    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(deployment, VERSIONS[0], strict=True)


def test_no_container_is_root_or_writes_its_image(manifests: tuple[Manifest, ...]) -> None:
    for manifest in of_kind(manifests, "Deployment", "Job"):
        pod = pod_of(manifest)
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["automountServiceAccountToken"] is False
    for name, container in containers(manifests):
        confined = container["securityContext"]
        assert confined["readOnlyRootFilesystem"] is True, name
        assert confined["allowPrivilegeEscalation"] is False, name
        assert confined["capabilities"] == {"drop": ["ALL"]}, name
        assert set(container["resources"]["limits"]) == {"cpu", "memory"}, name


def test_every_deployment_is_probed_on_addresses_that_the_service_has(manifests: tuple[Manifest, ...]) -> None:
    for manifest in of_kind(manifests, "Deployment"):
        container = pod_of(manifest)["containers"][0]
        probes = {each: container[f"{each}Probe"]["httpGet"]["path"] for each in ("startup", "liveness", "readiness")}
        assert probes == {"startup": "/health/live", "liveness": "/health/live", "readiness": "/health/ready"}


def test_selectors_choose_what_they_are_named_for(manifests: tuple[Manifest, ...]) -> None:
    for service in of_kind(manifests, "Service"):
        assert set(chosen(service["spec"]["selector"], manifests)) <= {"tangency-api", "tangency-api-canary"}
        assert "tangency-api" in chosen(service["spec"]["selector"], manifests)
    for budget in of_kind(manifests, "PodDisruptionBudget"):
        assert budget["metadata"]["name"] in chosen(budget["spec"]["selector"]["matchLabels"], manifests)
    for policy in of_kind(manifests, "NetworkPolicy"):
        assert chosen(policy["spec"]["podSelector"]["matchLabels"], manifests)


def test_no_two_deployments_claim_the_same_pods(manifests: tuple[Manifest, ...]) -> None:
    for one, other in combinations(of_kind(manifests, "Deployment"), 2):
        claimed = one["spec"]["selector"]["matchLabels"]
        assert not claimed.items() <= other["spec"]["template"]["metadata"]["labels"].items()
        assert one["metadata"]["name"] in chosen(claimed, (one,))


def test_ports_that_services_and_probes_name_are_there(manifests: tuple[Manifest, ...]) -> None:
    for service in of_kind(manifests, "Service"):
        for name in chosen(service["spec"]["selector"], manifests):
            (manifest,) = [each for each in of_kind(manifests, "Deployment") if each["metadata"]["name"] == name]
            ports = {port["name"] for port in pod_of(manifest)["containers"][0]["ports"]}
            assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports


def test_configuration_and_secrets_are_settings_and_are_there(manifests: tuple[Manifest, ...]) -> None:
    settings = {PREFIX + field.name.upper() for field in msgspec.structs.fields(Settings)}
    configured = {each["metadata"]["name"]: each["data"] for each in of_kind(manifests, "ConfigMap")}
    for data in configured.values():
        assert set(data) <= settings
    for name, container in containers(manifests):
        assert all(each["configMapRef"]["name"] in configured for each in container["envFrom"]), name
        for variable in container["env"]:
            secret = variable["valueFrom"]["secretKeyRef"]
            assert variable["name"] in settings
            assert secret["key"] in SECRETS[secret["name"]]


def test_configured_values_can_be_used() -> None:
    (configuration,) = of_kind(built("base"), "ConfigMap")

    Settings.load(configuration["data"])


def test_every_container_runs_a_command_that_there_is(manifests: tuple[Manifest, ...]) -> None:
    for name, container in containers(manifests):
        assert understood(container["args"]), f"{name}: {shlex.join(container['args'])}"


def test_a_command_that_there_is_not_is_noticed() -> None:
    assert not understood(["serve", "--role", "juggler"])
    assert not understood(["worker", "--speed", "2"])


def test_workers_follow_the_queue_in_production() -> None:
    manifests = built("overlays/production")
    scaled = {each["spec"]["scaleTargetRef"]["name"] for each in of_kind(manifests, "ScaledObject")}

    assert scaled == set(chosen({"tangency/track": "stable"}, manifests)) - {"tangency-api", "tangency-relay"}
    for manifest in of_kind(manifests, "Deployment"):
        assert ("replicas" not in manifest["spec"]) == (manifest["metadata"]["name"] in scaled)


@pytest.mark.service("postgresql")
def test_what_workers_follow_can_be_asked_of_the_database(postgresql: str) -> None:
    scaled = of_kind(built("overlays/production"), "ScaledObject")
    queries = {each["spec"]["scaleTargetRef"]["name"]: each["spec"]["triggers"][0]["metadata"] for each in scaled}

    async def asked() -> dict[str, int]:
        async with Store.open(Settings(database_url=postgresql), lambda: AT) as store:
            for queue in (Queue.LIGHT, Queue.HEAVY, Queue.HEAVY):
                await ordered(store, queue)
            async with store.units.engine.connect() as connection:
                return {name: await connection.scalar(text(each["query"])) for name, each in queries.items()}

    assert asyncio.run(asked()) == {"tangency-worker-light": 1, "tangency-worker-heavy": 2}


def test_the_canary_is_one_pod_of_another_release_behind_the_same_service() -> None:
    manifests = built("overlays/canary")
    deployments = {each["metadata"]["name"]: each for each in of_kind(manifests, "Deployment")}
    stable, canary = deployments["tangency-api"], deployments["tangency-api-canary"]

    assert canary["spec"]["replicas"] == 1
    assert image(canary) != image(stable)
    (service,) = of_kind(manifests, "Service")
    assert set(chosen(service["spec"]["selector"], manifests)) == {"tangency-api", "tangency-api-canary"}


def image(deployment: Manifest) -> Any:
    return pod_of(deployment)["containers"][0]["image"]
