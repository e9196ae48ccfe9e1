# SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
# SPDX-License-Identifier: Apache-2.0

"""The chart, rendered by Helm's own engine for every value set."""

import functools
import json
import pathlib
import re

import helm_python
import yaml

TESTS = pathlib.Path(__file__).parent
ROOT = TESTS.parent.parent
CHART = ROOT / "helm" / "scim-bridge"
ROLES = ("api", "worker", "events")
RELEASE = "scim"
NAMESPACE = "iam"


class StrictLoader(yaml.SafeLoader):
    """YAML that refuses a key which is there twice: Kubernetes would take either."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=deep) for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        doubled = {key for key in keys if keys.count(key) > 1}
        if doubled:
            raise yaml.YAMLError(f"twice in one mapping: {sorted(doubled)}, {node.start_mark}")
        return super().construct_mapping(node, deep)


def load_yaml(text):
    return yaml.load(text, Loader=StrictLoader)


@functools.lru_cache
def chart():
    return helm_python.Chart.load(CHART)


def layer(below, above):
    """`above` laid over `below`, as with several --values."""
    if not (isinstance(below, dict) and isinstance(above, dict)):
        return above
    return {**below, **{key: layer(below.get(key), value) for key, value in above.items()}}


@functools.lru_cache
def value_sets():
    """Name -> values."""
    return {path.stem: load_yaml(path.read_text()) for path in sorted((TESTS / "values").glob("*.yaml"))}


def refused_sets():
    """Name -> (values, what the refusal says)."""
    refused = {}
    for path in sorted((TESTS / "refused").glob("*.yaml")):
        text = path.read_text()
        reason = re.search(r"^# refused: (.+)$", text, re.MULTILINE)[1]
        refused[path.stem] = (layer(value_sets()["minimal"], load_yaml(text)), reason)
    return refused


def render(values):
    """Template -> manifests."""
    rendered = chart().render(values, name=RELEASE, namespace=NAMESPACE)
    manifests = {}
    for source, text in rendered.items():
        if source.endswith("NOTES.txt"):
            continue
        documents = yaml.load_all(text, Loader=StrictLoader)
        manifests[pathlib.PurePath(source).name] = [document for document in documents if document]
    return manifests


@functools.lru_cache
def all_rendered():
    """Name of the value set -> its manifests."""
    return {
        name: [manifest for manifests in render(values).values() for manifest in manifests]
        for name, values in value_sets().items()
    }


def of_kind(manifests, kind, name=None):
    found = [manifest for manifest in manifests if manifest["kind"] == kind]
    return [manifest for manifest in found if name is None or manifest["metadata"]["name"] == name]


def one(manifests, kind, name):
    (found,) = of_kind(manifests, kind, name)
    return found


def merged(values):
    """`values` over the chart's own."""
    return chart().merge_values(values)


def pods(manifests):
    """(name, labels, spec, manifest) of everything that becomes a pod."""
    for manifest in manifests:
        name = f"{manifest['kind']}/{manifest['metadata']['name']}"
        if manifest["kind"] in ("Deployment", "Job"):
            template = manifest["spec"]["template"]
            yield name, template["metadata"]["labels"], template["spec"], manifest
        elif manifest["kind"] == "Pod":
            yield name, manifest["metadata"]["labels"], manifest["spec"], manifest


def selects(selector, labels):
    """Whether a Kubernetes label selector matches."""
    if any(labels.get(key) != value for key, value in (selector.get("matchLabels") or {}).items()):
        return False
    for expression in selector.get("matchExpressions") or []:
        if expression["operator"] != "In":
            raise AssertionError(f"operator {expression['operator']} is not known here")
        if labels.get(expression["key"]) not in expression["values"]:
            return False
    return True


def values_schema():
    return json.loads((CHART / "values.schema.json").read_text())
