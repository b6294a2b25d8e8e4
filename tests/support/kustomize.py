"""What builds Kubernetes manifests: ``kustomize``, or the same within ``kubectl``. No cluster is asked."""

import shutil


def command() -> list[str] | None:
    """The command that builds a kustomization, where one is installed."""
    if shutil.which("kustomize"):
        return ["kustomize", "build"]
    return ["kubectl", "kustomize"] if shutil.which("kubectl") else None


def missing() -> str | None:
    """Why there is none; None where there is one."""
    return None if command() else "neither kustomize nor kubectl is on the path"
