"""The programs that come with Banyan, wherever it is installed."""

from importlib.resources import files
from pathlib import Path


def presets() -> dict[str, Path]:
    """Shipped program files, in the order of their names: the file's name without `.yaml`."""
    return {path.stem: path for path in sorted(_folder().glob("*.yaml"))}


def _folder() -> Path:
    """A wheel holds the programs inside the package, a checkout beside it (`pyproject.toml`)."""
    package = Path(str(files("banyan")))
    inside = package / "programs"
    return inside if inside.is_dir() else package.parent / "programs"
