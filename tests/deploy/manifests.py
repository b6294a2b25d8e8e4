"""The manifests as Kustomize builds them; no cluster is asked."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.support import kustomize

DEPLOY = Path(__file__).parents[2] / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
BUILDS = ("base", "overlays/production", "overlays/canary")

Manifest = dict[str, Any]


@cache
def built(name: str) -> tuple[Manifest, ...]:
    """Every document of a build."""
    command = kustomize.command()
    assert command is not None, kustomize.missing()
    done = subprocess.run([*command, str(KUBERNETES / name)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return tuple(yaml.safe_load_all(done.stdout))


def of_kind(manifests: tuple[Manifest, ...], *kinds: str) -> list[Manifest]:
    """Those of these kinds."""
    return [each for each in manifests if each["kind"] in kinds]


def pod_of(manifest: Manifest) -> Manifest:
    """The specification of the pods that a Deployment or a Job makes."""
    pod: Manifest = manifest["spec"]["template"]["spec"]
    return pod


def containers(manifests: tuple[Manifest, ...]) -> Iterator[tuple[str, Manifest]]:
    """Every container, with the name of what makes its pod."""
    for manifest in of_kind(manifests, "Deployment", "Job"):
        for container in pod_of(manifest)["containers"]:
            yield manifest["metadata"]["name"], container


def chosen(selector: Manifest, manifests: tuple[Manifest, ...]) -> list[str]:
    """The names of the Deployments whose pods carry all these labels."""
    return [
        each["metadata"]["name"]
        for each in of_kind(manifests, "Deployment")
        if selector.items() <= each["spec"]["template"]["metadata"]["labels"].items()
    ]
