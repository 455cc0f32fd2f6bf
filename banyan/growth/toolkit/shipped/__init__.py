"""shipped: what every installation begins with, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from banyan.engine.language.explain import Language


@cache
def scripts() -> Mapping[str, Mapping[str, Any]]:
    """Texts to pass on, by name, in the order in which they are proposed."""
    found: Mapping[str, Mapping[str, Any]] = _read("scripts.yaml")
    return found


@cache
def names(lang: Language) -> Mapping[str, str]:
    """What people call the things that the shipped programs give."""
    found: Mapping[Language, Mapping[str, str]] = _read("names.yaml")
    return found[lang]


def _read(name: str) -> Any:
    return yaml.safe_load((files(__name__) / name).read_text("utf-8"))
