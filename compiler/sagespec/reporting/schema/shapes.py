"""The model's own schema, made fit for documents that hold expressions, and for people."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from sagespec.catalog import Facts, Instance, Release
from sagespec.catalog.serving import SERVERS, hosting_types, served_versions, servers_of
from sagespec.checking.condition import BUCKET, EXPRESSION, NULL, Json, choice, when
from sagespec.checking.row import Row
from sagespec.kinds import KINDS
from sagespec.kinds.kind import Kind
from sagespec.reporting.schema.model import model_schema
from sagespec.reporting.schema.overrides import request_members
from sagespec.reporting.schema.versions import DEFAULT, frameworks, releases

_WORDS = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a map",
}
_LIMITS = ("minimum", "maximum", "minItems", "maxItems", "maxProperties")

_TYPE_HINTS = {
    "framework_version": "framework_version must be in quotes: without them YAML reads 1.10 as the number 1.1"
}


_NO_EXPRESSION: Json = {
    "pattern": rf"^(?!.*{EXPRESSION})",
    "errorMessage": "an expression may stand in a value, not in a name",
}


class Shapes:
    """Turns a kind's model, piece by piece, into the editors' schema."""

    def __init__(self, kind: Kind, rows: Iterable[Row], known: Mapping[str, Json]) -> None:
        """
        Args:
            rows: what the rules say; of these the forms are used, which hold whatever else is written.
            known: field → values to complete.
        """
        self.prefix = f"{KINDS[kind.name]}_" if kind.name != next(iter(KINDS)) else ""
        """What the names of its definitions begin with, so that those of all kinds can stand in one schema."""
        self.overrides = kind.overrides
        self.forms = [row for row in rows if row.form]
        schema = model_schema(kind.model)
        self.name = kind.model.__name__
        self.parts: Json = {**schema.pop("$defs"), self.name: schema}
        self.known = {name: values for name, values in known.items() if name in kind.model.fields}

    def fields(self) -> Json:
        """Every field that a manifest and a Defaults document share."""
        fields = self.properties(self.name)
        if self.overrides:
            fields["request"] = {**fields["request"], "additionalProperties": True, "propertyNames": True}
            fields["request"]["allOf"] = [{"$ref": f"#/definitions/{self.prefix}request"}]
        return {name: shape for name, shape in fields.items() if name not in ("apiVersion", "kind")}

    def definitions(self) -> Json:
        """What the fields refer to."""
        known = {**self.known, **({"request": request_members(self.overrides)} if self.overrides else {})}
        return {f"{self.prefix}{name}": values for name, values in known.items()}

    def properties(self, part: str) -> Json:
        nodes = self.parts[part]["properties"]
        return {name: self.shape(name, node) | _property_docs(node) for name, node in nodes.items()}

    def shape(self, name: str, node: Json, *, in_list: bool = False) -> Json:
        """One value: an expression is welcome, and null where the model takes it."""
        options = [option for option in node.get("anyOf", [node]) if option != NULL]
        null = [NULL] if len(options) < len(node.get("anyOf", [node])) else []
        *choices, shape = [self.option(name, option, in_list) for option in options]
        if any("const" not in option for option in options[:-1]):  # a text, or a map
            shape = {"anyOf": [*choices, shape, *([{"enum": [None]}] if null else [])]}
        elif choices:  # `false`, or something else
            # null is a value here, not a type: yaml-language-server would add it to the types that it expects.
            shape = {"anyOf": [shape, {"enum": [False, *([None] if null else [])]}]}
        elif null and "anyOf" in shape and "type" not in shape:
            shape["anyOf"] += null
        elif null:
            kinds = shape["type"]
            shape["type"] = [*(kinds if isinstance(kinds, list) else [kinds]), "null"]
        if isinstance(node.get("default"), str | int | bool):
            shape["default"] = node["default"]
        return shape

    def option(self, name: str, node: Json, in_list: bool) -> Json:
        if "$ref" in node:
            return self.part(node["$ref"].removeprefix("#/$defs/"), in_list)
        if "const" in node or "enum" in node:
            return choice(node.get("enum") or [node["const"]])
        if "type" not in node:  # any JSON value
            forms = self.every_form(name, names=False)
            return {"if": {"pattern": EXPRESSION}, "else": forms} if forms else {}
        return self.string(name, node) if node["type"] == "string" else self.other(name, node)

    def other(self, name: str, node: Json) -> Json:
        """A number, a truth value, a list or a map."""
        kind = node["type"]
        limits = {key: node[key] for key in _LIMITS if key in node}
        message = f"{name} must be {node.get('title') or _WORDS[kind]}"
        inside: Json = {}
        if kind == "array":
            inside["items"] = self.shape(name, node["items"], in_list=True)
        if kind == "object":
            by_pattern = node.get("patternProperties") or {None: node.get("additionalProperties", {})}
            [(pattern, values)] = by_pattern.items()
            about: Json = {"pattern": pattern} if pattern else _NO_EXPRESSION | self.every_form(name, names=True)
            inside["propertyNames"] = {**node.get("propertyNames", {}), **about}
            inside["additionalProperties"] = self.shape(name, values if isinstance(values, dict) else {})
            inside |= self.forms_by_name(name)
        return {"type": [kind, "string"], "pattern": EXPRESSION, "errorMessage": message, **limits, **inside}

    def every_form(self, name: str, *, names: bool) -> Json:
        """What the rules ask of a field's strings, or of the names in it, beyond their types."""
        asked = [row for row in self.forms if row.field[-1] == name and row.names == names and not row.called]
        return {"allOf": [{"pattern": row.form, "errorMessage": row.message} for row in asked]} if asked else {}

    def forms_by_name(self, name: str) -> Json:
        """What the rules ask of texts under certain names in a map."""
        asked = [row for row in self.forms if row.field[-1] == name and row.called]
        forms = [{row.called: {"pattern": row.form, "errorMessage": row.message}} for row in asked]
        return {"allOf": [{"patternProperties": form} for form in forms]} if forms else {}

    def part(self, part: str, in_list: bool) -> Json:
        own = self.parts[part]
        return {
            "type": ["object", "string"],
            "pattern": EXPRESSION,
            "patternErrorMessage": "this must be a map",
            **({"description": own["description"]} if "description" in own else {}),
            # A map is merged with that of the defaults, which may have the rest; an item of a list is not.
            **({"required": own["required"]} if in_list and "required" in own else {}),
            "properties": self.properties(part),
            "additionalProperties": False,
        }

    def string(self, name: str, node: Json) -> Json:
        limits: Json = {key: node[key] for key in ("pattern", "minLength", "maxLength") if key in node}
        message = f"{name} must be {node.get('title') or 'a string'}"
        limits |= self.every_form(name, names=False)
        shape: Json = {
            "type": "string",
            "errorMessage": _TYPE_HINTS.get(name, f"{message}, in quotes if it is a number"),
        }
        if limits:
            shape |= {"if": {"pattern": EXPRESSION}, "else": {**limits, "errorMessage": message}}
        if name in self.known and limits:
            # Side by side: the value fits either, and what is shown when it fits none is about its form.
            kind, words = shape.pop("type"), shape["errorMessage"]
            return {
                "type": kind,
                "errorMessage": words,
                "anyOf": [shape, {"$ref": f"#/definitions/{self.prefix}{name}"}],
            }
        return shape | ({"examples": node["examples"]} if "examples" in node else {})


def _property_docs(node: Json) -> Json:
    """What a field means; with what holds where it is left out, for editors that show Markdown."""
    default = node.get("default")
    docs = {"description": node["description"]}
    if isinstance(default, bool) or (isinstance(default, int | str) and default != ""):
        written = json.dumps(default)
        docs["markdownDescription"] = f"{node['description']}\n\nLeft out: `{written}`."
    return docs


class JobShapes(Shapes):
    """Those of a training job, whose channels may be written in several ways."""

    def fields(self) -> Json:
        fields = super().fields()
        about = {
            key: fields["channels"][key]
            for key in ("type", "description", "markdownDescription")
            if key in fields["channels"]
        }
        by_name = {key: fields["channels"][key] for key in ("propertyNames", "maxProperties")}
        one = [when({name: {"type": "string"}}) for name in ("s3_data", "path", "file_system_id")]
        channel = {"$ref": "#/definitions/channel"}
        by_name["additionalProperties"] = {"description": self.parts["Channel"]["description"], "allOf": [channel]}
        # A map of channels; or a location or one channel's members, which are the channel `training`.
        fields["channels"] = about | {
            "if": {"anyOf": [{"type": "string"}, *one]},
            "then": channel,
            "else": by_name,
        }
        return fields

    def channel(self) -> Json:
        """One channel: its members, or a string that is a location."""
        members = self.part("Channel", in_list=False)
        del members["description"]  # a channel that stands alone is described by its field
        location = {
            "minLength": 1,
            "pattern": rf"^(?!.*://)|^{BUCKET}|^https://[^/]*amazonaws[.]com|^file://|{EXPRESSION}",
        }
        return members | location | {"patternErrorMessage": "a channel is s3://<bucket>/…, a local path, or a map"}

    def definitions(self) -> Json:
        return {"channel": self.channel(), **super().definitions()}


def values_of_jobs(facts: Facts) -> Mapping[str, Json]:
    """Values to complete, each with a line about it. Others of the right form are welcome: the catalogue ages."""
    return _listed(
        {
            "instance_type": {name: _about_instance(instance) for name, instance in facts.instances.items()} | _LOCAL,
            "region": _regions(facts),
            "framework": {framework.name: framework.title for framework in frameworks(facts)},
            **{field: _versions_of(facts, field) for field in ("framework_version", "transformers_version")},
        }
    )


def values_of_any(facts: Facts) -> Mapping[str, Json]:
    """The same, as far as it holds for every kind."""
    return _listed({"region": _regions(facts)})


def values_of_endpoints(facts: Facts) -> Mapping[str, Json]:
    """The same for endpoints: hosting's own instance types, and the versions that have a server."""
    known = ((name, facts.instance(name)) for name in hosting_types())
    versions = {version: servers_of(version) for server in SERVERS for version in served_versions(server)}
    return _listed(
        {
            "instance_type": {name: "" if one is None else _about_instance(one) for name, one in known} | _LOCAL,
            "region": _regions(facts),
            "framework_version": versions,
        }
    )


_LOCAL = {"local": "this machine", "local_gpu": "this machine and its GPUs"}


def _regions(facts: Facts) -> Mapping[str, str]:
    return {name: f"partition {region.partition}" for name, region in facts.regions.items()}


def _listed(known: Mapping[str, Mapping[str, str]]) -> Mapping[str, Json]:
    return {
        name: {"type": "string", "enum": list(values), "enumDescriptions": list(values.values())}
        for name, values in known.items()
    }


def _versions_of(facts: Facts, field: str) -> Mapping[str, str]:
    """Every version that the field may have, TensorFlow's first, each with a line about whose it is."""
    found: dict[str, str] = {}
    for framework in sorted(frameworks(facts), key=lambda framework: framework.name != DEFAULT):
        for release in releases(framework) if framework.version_field == field else ():
            own = release.version.partition("+")[0]
            about = f"{framework.title}: {_about_release(release)}"
            found[own] = f"{found[own]} | {about}" if own in found else about
    return found


def _about_instance(instance: Instance) -> str:
    parts = [f"{instance.vcpus} vCPU", f"{instance.memory_gib:g} GiB"]
    if instance.accelerator_count:
        name = instance.accelerator_model or instance.accelerator
        parts.append(f"{instance.accelerator_count} × {name} with {instance.accelerator_memory_gib:g} GiB")
    return ", ".join([*parts, *([f"{instance.nvme_gb} GB NVMe"] if instance.nvme_gb else [])])


def _about_release(release: Release) -> str:
    modes = [name for name, has in (("legacy", release.legacy_mode), ("script", release.script_mode)) if has]
    patches = f"; patched until {release.patches_end}" if release.patches_end else ""
    return f"{', '.join(release.pythons)}; {' or '.join(modes)} mode{patches}"
