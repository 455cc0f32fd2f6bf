"""`banyan presets` lists what is shipped and prints one file, byte for byte."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from banyan.engine.language import Program
from banyan.kernel.shipped import presets
from tests.rooms.doors.cli.running import banyan

ROOT = Path(__file__).parents[4]


def test_a_preset_is_a_file_of_the_folder_named_after_its_program() -> None:
    assert presets() == {path.stem: path for path in sorted((ROOT / "programs").glob("*.yaml"))}
    assert [Program.load(path).program for path in presets().values()] == list(presets())


def test_the_list_has_a_line_a_program() -> None:
    code, out, err = banyan("presets")
    lines = {line.split()[0]: line.split(maxsplit=2)[1:] for line in out.splitlines()}
    assert (code, list(lines), err) == (0, list(presets()), "")
    assert lines["meundies"] == ["referral", "Give 20%, get $20"]


def test_the_list_in_chinese() -> None:
    code, out, _ = banyan("presets", "--lang", "zh-hans")
    (line,) = (line for line in out.splitlines() if line.startswith("meundies "))
    assert (code, line.split(maxsplit=2)[2]) == (0, "送好友八折，得 20 美元")


def test_the_list_for_machines() -> None:
    code, out, _ = banyan("presets", "--json")
    rows = json.loads(out)
    assert (code, [row["name"] for row in rows]) == (0, list(presets()))
    assert {"name": "meundies", "kind": "referral", "title": "Give 20%, get $20"} in rows


def test_a_customers_own_program_is_of_the_kind_self() -> None:
    kinds = {row["name"]: row["kind"] for row in json.loads(banyan("presets", "--json")[1])}
    wanted = {
        name: "self" if Program.load(path).attribution is None else "referral"
        for name, path in presets().items()
    }
    assert kinds == wanted
    assert set(kinds.values()) == {"referral", "self"}


@pytest.mark.parametrize("name", presets())
def test_one_program_is_printed_as_it_is(name: str) -> None:
    assert banyan("presets", name) == (0, presets()[name].read_bytes().decode(), "")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("meundy", "did you mean meundies?"),
        ("Dropbox", "did you mean dropbox?"),
        ("qqq", "`banyan presets` lists them."),
        ("../pyproject", "`banyan presets` lists them."),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest(name: str, hint: str) -> None:
    sentence = f"No shipped program is called {name!r}; {hint}\n"
    assert banyan("presets", name) == (1, "", sentence)


def test_a_wheel_carries_the_programs(tmp_path: Path) -> None:
    build = "import hatchling.build as b, sys; b.build_wheel(sys.argv[1])"
    subprocess.run(
        [sys.executable, "-c", build, tmp_path], cwd=ROOT, capture_output=True, check=True
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(tmp_path / "installed")
    # Without the site module the checkout is not on the path, so only the wheel can answer.
    script = "from banyan.kernel.shipped import presets as p; print(*p(), *p().values())"
    done = subprocess.run(
        [sys.executable, "-S", "-c", script],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path / "installed")},
        capture_output=True,
        text=True,
        check=True,
    )
    folder = tmp_path / "installed/banyan/programs"
    names = list(presets())
    assert done.stdout.split() == [*names, *(str(folder / f"{name}.yaml") for name in names)]
