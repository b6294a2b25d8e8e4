import sys

import pytest

from tests.architecture.source_tree import SOURCE, imported_modules, python_files


def strangers(source: str, *, packages: tuple[str, ...], externals_allowed: bool = False) -> list[str]:
    """The imports that are neither standard library nor below one of the packages."""

    def is_known(module: str) -> bool:
        if any(module == package or module.startswith(f"{package}.") for package in packages):
            return True
        top = module.partition(".")[0]
        return top in sys.stdlib_module_names or (externals_allowed and top not in {"tangency", ""})

    return [module for module in imported_modules(source) if not is_known(module)]


def strangers_in(folder: str, *, packages: tuple[str, ...], externals_allowed: bool = False) -> dict[str, list[str]]:
    """The strangers in each file of a layer that has any."""
    found = {
        str(path.relative_to(SOURCE)): strangers(
            path.read_text(), packages=packages, externals_allowed=externals_allowed
        )
        for path in python_files(folder)
    }
    return {name: modules for name, modules in found.items() if modules}


def test_the_domain_imports_the_standard_library_and_numpy_and_nothing_else() -> None:
    assert strangers_in("domain", packages=("numpy", "tangency.domain")) == {}


def test_a_built_in_plugin_sees_of_us_what_a_stranger_sees_the_domain() -> None:
    assert strangers_in("plugins", packages=("tangency.domain", "tangency.plugins"), externals_allowed=True) == {}


def test_there_is_a_domain_to_look_at() -> None:
    assert len(python_files("domain")) > 1
    assert len(python_files("plugins")) > 1


@pytest.mark.parametrize(
    ("source", "stranger"),
    [
        ("import scipy.linalg", "scipy.linalg"),
        ("from polars import DataFrame", "polars"),
        ("def f():\n    import msgspec", "msgspec"),
        ("from tangency.adapters import container", "tangency.adapters"),
        ("from tangency import solve", "tangency"),
        ("from . import market", "."),
        ("import numpydoc", "numpydoc"),
    ],
)
def test_a_stranger_in_the_domain_is_found(source: str, stranger: str) -> None:
    assert strangers(source, packages=("numpy", "tangency.domain")) == [stranger]


def test_standard_library_numpy_and_the_domain_itself_are_no_strangers() -> None:
    source = "import math\nimport numpy.typing as npt\nfrom tangency.domain.market import Universe\n"
    assert strangers(source, packages=("numpy", "tangency.domain")) == []
