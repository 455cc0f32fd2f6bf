"""Every room says what it is for; every public part of kernel and engine says how to use it."""

import ast
from pathlib import Path

import pytest

from tests.shape.repository import ROOT, files

PYTHON = [path for path in files() if path.suffix == ".py" and path.is_relative_to(ROOT / "banyan")]
STRICT = [path for path in PYTHON if path.relative_to(ROOT).parts[1] in ("kernel", "engine")]


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_every_folder_is_a_package_with_a_docstring() -> None:
    folders = {path.parent for path in PYTHON}
    silent = [
        _name(folder)
        for folder in sorted(folders)
        if not (folder / "__init__.py").is_file()
        or not ast.get_docstring(ast.parse((folder / "__init__.py").read_text()))
    ]
    assert silent == []


@pytest.mark.parametrize("path", STRICT, ids=_name)
def test_public_functions_and_classes_have_docstrings(path: Path) -> None:
    silent = [
        f"{node.name} (line {node.lineno})"
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert silent == []


def test_no_file_is_named_after_nothing() -> None:
    vague = {"utils.py", "helpers.py", "common.py", "misc.py", "base.py"}
    assert [_name(path) for path in files() if path.name in vague] == []
