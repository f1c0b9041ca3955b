"""The base of every record that crosses a border: frozen, strict, without unknown keys; and its reading."""

import json
import re
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from .errors import InputError, did_you_mean


class Strict(BaseModel):
    """A frozen record with strict types; unknown keys are errors."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", allow_inf_nan=False, ser_json_inf_nan="null", protected_namespaces=()
    )

    @classmethod
    def parse(cls, data: Any, where: str) -> Self:
        """Validate plain data (from JSON or YAML).

        Raises InputError that names `where` (the file, say), the key, what was found and the cure; of several
        problems each has its own part of the one line.
        """
        try:
            return cls.model_validate_json(json.dumps(data, default=str))
        except TypeError as error:
            raise InputError(f"{where}: a key is no text; put it in quotes ({error})") from None
        except ValidationError as error:
            told = [_sentence(cls, e, data) for e in _causes(error.errors())]
            raise InputError(f"{where}: " + "; ".join(told)) from None


class Document(Strict):
    """A record that is a JSON file of its own. Figures are plain numbers or null, never NaN."""

    schema_version: int = 1

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read from a JSON file. Raises InputError if it is missing, no JSON or not of this form."""
        try:
            data = json.loads(Path(path).read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise InputError(f"{path}: the file does not exist") from None
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise InputError(f"{path}: not readable as JSON ({error})") from None
        return cls.parse(data, str(path))

    def to_json(self) -> str:
        """Return the text of the file."""
        return self.model_dump_json(indent=2) + "\n"


def _sentence(model: type[BaseModel], error: dict[str, Any], data: Any) -> str:
    """Return one pydantic error as a sentence that names the key and, for unknown keys, the nearest known one."""
    path = _keys(error, data)
    key = ".".join(map(str, path))
    if error["type"] == "extra_forbidden":
        known = _known_keys(model, list(error["loc"][:-1]))
        return f"unknown key '{key}'{did_you_mean(str(path[-1]), known)}"
    if error["type"] == "missing":
        return f"key '{key}' is missing"
    if error["type"] == "literal_error":
        known = re.findall(r"'([^']*)'", str(error.get("ctx", {}).get("expected", "")))
        near = did_you_mean(str(error.get("input")), known)
        return f"'{key}': {error.get('input')!r} is not known{near}; known: {', '.join(known)}"
    if error["type"] == "union_tag_not_found":
        return f"key '{key}.{error['ctx']['discriminator'].strip(chr(39))}' is missing"
    if error["type"] == "union_tag_invalid":
        found = error["ctx"]["tag"]
        known = re.findall(r"'([^']*)'", error["ctx"]["expected_tags"])
        key = f"{key}.{error['ctx']['discriminator'].strip(chr(39))}"
        return f"'{key}': {found!r} is not known{did_you_mean(found, known)}; known: {', '.join(known)}"
    got = "" if isinstance(error.get("input"), dict | list) else f", got {error.get('input')!r}"
    message = error["msg"].removeprefix("Value error, ")
    message = message[:1].lower() + message[1:] if message[:2] != message[:2].upper() else message
    return f"'{key}': {message}{got}" if key else message


def _causes(errors: list[Any]) -> list[Any]:
    """Return the errors without those lists that are too short only because their items are wrong."""
    where = [e["loc"] for e in errors]
    return [
        e for e in errors
        if e["type"] != "too_short" or not any(w != e["loc"] and w[: len(e["loc"])] == e["loc"] for w in where)
    ]  # fmt: skip


def _keys(error: dict[str, Any], data: Any) -> list[Any]:
    """Return the keys that an error stands at: of its location, what stands in the data (the rest names types)."""
    path, node = [], data
    for part in error["loc"]:
        if part in node if isinstance(node, dict) else isinstance(node, list | tuple) and isinstance(part, int):
            path.append(part)
            node = node[part]
    return [*path, error["loc"][-1]] if error["type"] == "missing" else path


def _known_keys(model: type[BaseModel], path: list[Any]) -> list[str]:
    """Return the keys that the record at `path` inside `model` knows, as far as types tell."""
    schema = model.model_json_schema()
    node: dict[str, Any] = schema
    for part in path:
        node = _resolve(schema, node)
        tagged = node.get("discriminator", {}).get("mapping", {})
        if part in tagged:
            node = {"$ref": tagged[part]}
        elif isinstance(part, int):
            node = node.get("items", {})
        else:
            node = node.get("properties", {}).get(part) or node.get("additionalProperties") or {}
    node = _resolve(schema, node)
    return list(node.get("properties", {}))


def _resolve(schema: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """Follow `$ref` and take the record out of an optional."""
    for option in node.get("anyOf", []) + node.get("allOf", []):
        if option.get("type") != "null":
            node = option
            break
    if "$ref" in node:
        node = schema["$defs"][node["$ref"].rsplit("/", 1)[1]]
    return node
