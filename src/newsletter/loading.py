"""YAML into models: every mistake at once, each with file:line:column and the nearest valid name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from functools import lru_cache
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from newsletter.errors import Problem, ProblemsFound, nearest
from newsletter.i18n import say
from newsletter.libraries import in_words

M = TypeVar("M")
Path = Sequence[str | int]


def load_yaml(text: str, file: str, model: type[M]) -> M:
    """The document as `model` (a pydantic model, or a type such as dict[str, Model])."""
    data = plain_yaml(text, file)
    try:
        return TypeAdapter(model).validate_python({} if data is None else data)
    except ValidationError as error:
        root = _composed(text)  # the places: asked only where something is wrong, as it takes its time
        raise ProblemsFound(problems_of(error, model, root, file)) from error


def plain_yaml(text: str, file: str) -> Any:
    """The document as plain data; ProblemsFound where it is no YAML."""
    try:
        return deepcopy(_read(text))
    except RecursionError:
        raise ProblemsFound([Problem(say("This is nested too deeply to be read."), file)]) from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = (mark.line + 1, mark.column + 1) if mark else (None, None)
        raise ProblemsFound(
            [Problem(say("This is no YAML: %(why)s", why=in_words(error.problem or error.context or "")), file, *where)]
        ) from error
    except YAMLError as error:
        raise ProblemsFound([Problem(say("This is no YAML: %(why)s", why=error), file)]) from error


@lru_cache(maxsize=512)
def _read(text: str) -> Any:
    """Remembered, because one command reads the same documents again and again, at 2 to 50 ms each."""
    return YAML(typ="safe", pure=True).load(text)


def _composed(text: str) -> Node | None:
    """None for what is just not too deep to be read, and is to be composed."""
    try:
        node: Node | None = YAML(typ="rt").compose(text)
    except RecursionError:
        return None
    return node


def place(text: str, path: Path) -> tuple[int, int] | None:
    """Line and column (from 1) of a key or item in a document, as far as it exists."""
    root = YAML(typ="rt").compose(text)
    return None if root is None else place_in(root, path)


def problems_of(failed: ValidationError, model: Any, root: Node | None, file: str) -> list[Problem]:
    """What pydantic found, in plain sentences, each at its place in the document (`root`)."""
    found = []
    for error in failed.errors():
        path = _path(error, root)
        kind = str(error.get("ctx", {}).get("discriminator", "")).strip("'")  # whose value is what is wrong
        where = place_in(root, [*path, kind] if kind else path) if root else (1, 1)
        found.append(Problem(_message(error, path, model), file, *where))
    return found


def _path(error: ErrorDetails, root: Node | None) -> Path:
    """Where it is in the document, without the names that pydantic puts in between."""
    path: list[str | int] = []
    parts = [part for part in error["loc"] if not _is_tag(part)]
    for number, part in enumerate(parts):
        absent = error["type"] == "missing" and number == len(parts) - 1
        child = _child(root, part) if root is not None else None
        if child is not None or absent or root is None:
            path.append(part)
        if child is not None:
            root = child[1]
    return path


def _is_tag(part: str | int) -> bool:
    """Pydantic puts the names of union members and wrappers into the path; no document has such keys."""
    return isinstance(part, str) and (part[:1].isupper() or "[" in part or part == "function-before")


SENTENCES = {  # beginnings of pydantic's error types
    "int": say("must be a whole number"),
    "float": say("must be a number"),
    "decimal": say("must be a number"),
    "bool": say("must be true or false"),
    "string_type": say("must be text; write it in quotes"),
    "datetime": say("must be a date and time, for example 2026-12-01 09:00"),
    "date": say("must be a date, for example 2026-12-01"),
    "time_delta": say("must be a duration, for example PT6H or 02:00:00"),
    "list_type": say("must be a list"),
    "dict_type": say("must hold names and values"),
    "model_type": say("must hold names and values"),
    "model_attributes_type": say("must hold names and values"),
    "none_required": say("must be empty"),
    "greater_than_equal": say("must be at least %(ge)s"),
    "greater_than": say("must be more than %(gt)s"),
    "less_than_equal": say("must be at most %(le)s"),
    "less_than": say("must be less than %(lt)s"),
    "string_too_short": say("is shorter than %(min_length)s"),
    "string_too_long": say("is longer than %(max_length)s characters"),
    "too_short": say("has fewer entries than %(min_length)s"),
    "too_long": say("has more entries than %(max_length)s"),
    "string_pattern_mismatch": say("may not be written like this; its form is %(pattern)s"),
}


def _sentence(error: ErrorDetails, name: str) -> str:
    for kind, sentence in SENTENCES.items():
        if error["type"] == kind or error["type"].startswith(f"{kind}_"):
            limits = {key: str(value) for key, value in error.get("ctx", {}).items()}
            return say("%(name)s %(problem)s", name=name, problem=say(sentence, **limits))
    return say("%(name)s: %(why)s", name=name, why=why(error))


def why(error: ErrorDetails) -> object:
    """What a check of ours says, or pydantic itself."""
    return error.get("ctx", {}).get("error") or error["msg"]


def _message(error: ErrorDetails, path: Path, model: Any) -> str:
    name = ".".join(str(part) for part in path) or say("the document")
    match error["type"]:
        case "extra_forbidden":
            return say(
                "%(name)s is not known here: %(hint)s", name=name, hint=nearest(str(path[-1]), _names(model, path[:-1]))
            )
        case "missing":
            return say("%(name)s is missing", name=name)
        case "literal_error" | "enum":
            allowed = str(error.get("ctx", {}).get("expected", ""))
            choices = [choice.strip(" '") for choice in allowed.replace(" or ", ",").split(",")]
            return say(
                "%(name)s is %(given)r: %(hint)s",
                name=name,
                given=error["input"],
                hint=nearest(str(error["input"]), choices),
            )
        case "union_tag_invalid":
            tag, kind = str(error["ctx"]["tag"]), str(error["ctx"]["discriminator"]).strip("'")
            known = [each.strip(" '") for each in str(error["ctx"]["expected_tags"]).split(",")]
            return say(
                "%(name)s.%(kind)s is %(tag)r: %(hint)s", name=name, kind=kind, tag=tag, hint=nearest(tag, known)
            )
        case "union_tag_not_found":
            kind = str(error["ctx"]["discriminator"]).strip("'")
            return say("%(name)s.%(kind)s is missing", name=name, kind=kind)
        case _:
            return _sentence(error, name)


def _names(model: Any, path: Path) -> list[str]:
    """The names that the model allows at a path, unions and containers taken together."""
    types = [model]
    for part in path:
        types = [inner for each in types for inner in _step(each, part)]
    return sorted({name for each in types for name in _fields(each)})


def _step(kind: Any, part: str | int) -> Iterator[Any]:
    for each in _flatten(kind):
        if isinstance(each, type) and issubclass(each, BaseModel):
            field = each.model_fields.get(str(part))
            if field is not None:
                yield field.annotation
        else:
            arguments = get_args(each)
            if arguments:
                yield arguments[-1]


def _flatten(kind: Any) -> Iterator[Any]:
    origin = get_origin(kind)
    if origin in (dict, list, tuple) or isinstance(kind, type):
        yield kind
    else:
        for argument in get_args(kind):
            yield from _flatten(argument)


def _fields(kind: Any) -> list[str]:
    found: list[str] = []
    for each in _flatten(kind):
        if isinstance(each, type) and issubclass(each, BaseModel):
            found += [field.alias or name for name, field in each.model_fields.items()]
    return found


def place_in(node: Node, path: Path) -> tuple[int, int]:
    """The place of the deepest part of `path` that exists; for a key, the key's own place."""
    mark = node.start_mark
    for part in path:
        step = _child(node, part)
        if step is None:
            break
        mark, node = step
    return mark.line + 1, mark.column + 1


def _child(node: Node, part: str | int) -> tuple[Any, Node] | None:
    if isinstance(node, MappingNode):
        for key, value in node.value:
            if isinstance(key, ScalarNode) and key.value == str(part):
                return key.start_mark, value
    if isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part].start_mark, node.value[part]
    return None
