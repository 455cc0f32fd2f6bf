"""The pinned files say what is installed, on any network, and agree with `pyproject.toml`."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.shape.repository import ROOT

FILES = sorted((ROOT / "requirements").glob("*.txt"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
DECLARED = {
    "base": PROJECT["project"]["dependencies"],
    **PROJECT["project"]["optional-dependencies"],
    **PROJECT["dependency-groups"],
}


def _pins(path: Path) -> dict[str, Version]:
    found = re.findall(r"^([\w.-]+)==(\S+)", path.read_text(), flags=re.MULTILINE)
    return {canonicalize_name(name): Version(version) for name, version in found}


def test_one_file_a_set() -> None:
    assert [path.stem for path in FILES] == sorted(DECLARED)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_names_no_address(path: Path) -> None:
    assert re.findall(r"\w+://\S+|^-i .*|^--(?:index|extra|find).*", path.read_text(), re.M) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_pin_has_hashes(path: Path) -> None:
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    pins = [i for i, line in enumerate(lines) if not line.startswith(" ")]
    bare = [lines[i] for i in pins if not lines[i + 1].startswith("    --hash=sha256:")]
    assert (bare, len(pins)) == ([], len(_pins(path)))


def test_a_package_has_one_version() -> None:
    versions: dict[str, set[Version]] = {}
    for path in FILES:
        for name, version in _pins(path).items():
            versions.setdefault(name, set()).add(version)
    assert {name: found for name, found in versions.items() if len(found) > 1} == {}


@pytest.mark.parametrize("name", DECLARED)
def test_what_is_declared_is_pinned(name: str) -> None:
    pins = _pins(ROOT / "requirements" / f"{name}.txt")
    wanted = [Requirement(text) for text in DECLARED[name]]
    unmet = [
        str(need)
        for need in wanted
        if (pin := pins.get(canonicalize_name(need.name))) is None or pin not in need.specifier
    ]
    assert unmet == []
