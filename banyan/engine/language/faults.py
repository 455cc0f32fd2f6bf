"""A file against the model: every fault in a sentence at its place, and what can be read in spite.

Pydantic finds the faults; its messages speak of Python, so each kind of fault gets a sentence of
ours. What is at fault is then cut out and the rest read again, so that the checks on meaning run
over the sound parts and a file shows all its errors at once.
"""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from banyan.engine.language.amounts import FORM_OF_TAG
from banyan.engine.language.findings import (
    MOST_TOLD,
    Finding,
    ProgramError,
    did_you_mean,
    shown,
)
from banyan.engine.language.source import Source, Written, plain
from banyan.engine.language.terms import Terms
from banyan.engine.language.written import kind_of

Path = tuple[str | int, ...]
Program = TypeVar("Program", bound=Terms)

# Each round stands something in for a fault or cuts one level off it; the model is five deep.
_ROUNDS = 12
_STANDING_IN: Mapping[str, object] = {
    "program": "unreadable",
    "version": Written("1", "number"),
    "currency": "USD",
    # Without it the file would be read as another sort of program.
    "attribution": {},
    "to": "advocate",
    "on": "joined",
    "give": "points",
    "amount": Written("1", "number"),
    "per": "program",
    "times": Written("1", "number"),
    "of": "total",
    "reaches": Written("1", "number"),
    "weight": Written("1", "number"),
    "id": "unreadable",
    "when": "TRUE",
    "then": "hold",
    "by": "advocate",
    "split": {"a": Written("1", "number")},
}
"""What a key holds while the rest is checked; findings about the key itself are not repeated."""


def fitted(model: type[Program], source: Source) -> tuple[Program, list[Finding]]:
    """The program as far as the file holds one, and every way in which it does not fit the model.

    With findings, the program is only good for further checks: what was at fault is missing in it.
    """
    data = plain(source.root)
    assert isinstance(data, dict), "a source is a mapping"
    findings = source.duplicates()
    for round_ in range(_ROUNDS):
        try:
            return model.model_validate(data, by_alias=True, by_name=False), findings
        except ValidationError as error:
            faults = _told(error.errors(include_url=False))
        if round_ == 0:
            # Sentences only for those that will be told; what is not told is only counted.
            faults.sort(key=lambda fault: source.find(_path(fault))[0])
            findings += [_finding(source, model, fault) for fault in faults[: MOST_TOLD + 1]]
        for fault in faults:
            _mend(data, _path(fault))
    raise ProgramError(findings)


def _told(faults: list[ErrorDetails]) -> list[ErrorDetails]:
    """Without lists that are too short only because their items are at fault."""
    holders = {fault["loc"][:end] for fault in faults for end in range(len(fault["loc"]))}
    return [f for f in faults if f["type"] != "too_short" or f["loc"] not in holders]


def _finding(source: Source, model: type[BaseModel], fault: ErrorDetails) -> Finding:
    path = _path(fault)
    if fault["type"] == "missing":
        return source.at_key(path, f"{path[-1]} is missing{_purpose(model, fault['loc'])}")
    if fault["type"] == "extra_forbidden":
        keys = _keys(model, fault["loc"][:-1])
        sentence = (
            f"the key {shown(str(path[-1]))} is not known; {did_you_mean(str(path[-1]), keys)}"
        )
        return source.at_key(path, sentence)
    if _is_key(fault):
        return source.at_key(path, _sentence(fault))
    return source.at(path, _sentence(fault))


def _sentence(fault: ErrorDetails) -> str:
    match fault["type"]:
        case "said":
            sentence = fault["ctx"]["sentence"]
            return str(sentence() if callable(sentence) else sentence)
        case "model_type" | "model_attributes_type" | "dict_type":
            return f"expected a mapping of keys to values, found {kind_of(fault['input'])}"
        case "tuple_type" | "list_type":
            return f"expected a list, found {kind_of(fault['input'])}"
        case "too_short":
            return "the list is empty; give at least one entry"
    return fault["msg"]


def _path(fault: ErrorDetails) -> Path:
    """Pydantic's location as a path in the file: without the tags of amount forms."""
    path: list[str | int] = []
    for part in fault["loc"]:
        form = FORM_OF_TAG.get(part) if path and path[-1] == "amount" else None
        if form is None:
            path.append(part)
        elif form:
            path.append(form)
    if _is_key(fault):
        path.pop()
    if "amount:number" in fault["loc"] and path[-1] == "value":
        path.pop()
    for part in fault.get("ctx", {}).get("parts", ()):
        if part == "..":
            path.pop()
        else:
            path.append(part)
    return tuple(path)


def _is_key(fault: ErrorDetails) -> bool:
    return fault["loc"][-1:] == ("[key]",)


def _mend(data: dict[str, object], path: Path) -> None:
    """Stands something in for the faulty value where the model cannot do without; else cuts it."""
    trail: list[tuple[Any, Any]] = []
    holder: Any = data
    part: Any
    for part in path:
        trail.append((holder, part))
        if not (isinstance(holder, list) or (isinstance(holder, dict) and part in holder)):
            break
        holder = holder[part]
    if len(trail) < len(path):
        return  # an earlier fault took a part of the path away
    last, key = trail[-1]
    standing_in = _STANDING_IN.get(str(key))
    if isinstance(last, dict) and standing_in is not None and last.get(key) != standing_in:
        last[key] = standing_in
        return
    # A list goes as a whole: cutting one item would move the places of those behind it. And what
    # misses a key that nothing can stand in for goes too.
    last, key = next(
        (holder, key)
        for holder, key in reversed(trail)
        if isinstance(holder, dict) and key in holder
    )
    del last[key]


def _purpose(model: type[BaseModel], location: Sequence[str | int]) -> str:
    """What a key is for, to close the sentence that misses it."""
    holder = _model_at(model, location[:-1])
    for name, field in holder.model_fields.items() if holder is not None else ():
        if (field.alias or name) == location[-1] and field.description:
            text = field.description.rstrip(".")
            return f": {text if text[1:2].isupper() else text[0].lower() + text[1:]}"
    return ""


def _keys(model: type[BaseModel], location: Sequence[str | int]) -> list[str]:
    holder = _model_at(model, location)
    if holder is None:
        return []
    return [field.alias or name for name, field in holder.model_fields.items()]


def _model_at(annotation: Any, location: Sequence[str | int]) -> type[BaseModel] | None:
    """The model that reads the mapping at Pydantic's location, walking the annotations."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _model_at(arguments[0], location)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _model_in(annotation, location)
    if origin in (Union, types.UnionType):
        return _model_of(arguments, location)
    if origin is dict and location:
        return _model_at(arguments[1], location[1:])
    return _model_at(arguments[0], location[1:]) if origin is tuple and location else None


def _model_in(model: type[BaseModel], location: Sequence[str | int]) -> type[BaseModel] | None:
    if not location:
        return model
    for name, field in model.model_fields.items():
        if location[0] in (name, field.alias):
            return _model_at(field.annotation, location[1:])
    return None


def _model_of(choices: Sequence[Any], location: Sequence[str | int]) -> type[BaseModel] | None:
    """Of a union, the member that Pydantic's tag names; of an optional, its one member."""
    for choice in choices:
        tags = [getattr(extra, "tag", None) for extra in getattr(choice, "__metadata__", ())]
        if location and location[0] in tags:
            return _model_at(choice, location[1:])
    rest = [choice for choice in choices if choice is not type(None)]
    return _model_at(rest[0], location) if len(rest) == 1 else None
