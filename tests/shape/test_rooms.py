"""Tables are private: a room's `models` are imported by that room alone."""

import ast
from pathlib import Path

import pytest

SOURCE = Path("banyan")


def _imports(file: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            found += [node.module, *(f"{node.module}.{name.name}" for name in node.names)]
        elif isinstance(node, ast.Import):
            found += [name.name for name in node.names]
    return found


@pytest.mark.parametrize("file", sorted(SOURCE.rglob("*.py")), ids=str)
def test_a_file_imports_no_tables_of_another_room(file: Path) -> None:
    room = ".".join(file.with_suffix("").parts)
    foreign = [
        name
        for name in _imports(file)
        if name.startswith("banyan.")
        and ".models" in name
        and not room.startswith(name.split(".models")[0] + ".")
    ]
    # The console may display every table, and does so in one place.
    assert foreign == [] or file.is_relative_to(SOURCE / "doors/console/records")
