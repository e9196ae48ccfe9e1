# SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
# SPDX-License-Identifier: Apache-2.0

"""Every manifest is one that Kubernetes, KEDA and the Prometheus operator accept."""

import functools
import unittest

import jsonschema
import kubernetes_validate
import referencing
import referencing.jsonschema
from cloudcoil.models.keda import v1alpha1 as keda
from cloudcoil.models.prometheus_operator import v1 as prometheus
from kubernetes_validate import utils

from rendered import all_rendered

# The oldest that Chart.yaml allows, and the newest that the validator knows.
VERSIONS = ("1.27.0", kubernetes_validate.latest_version())
OTHERS = {"ScaledObject": keda.ScaledObject, "ServiceMonitor": prometheus.ServiceMonitor, "PrometheusRule": prometheus.PrometheusRule}


@functools.lru_cache
def registry(version):
    definitions = utils.schema_contents(f"kubernetes-json-schema/v{version}-local-strict/_definitions.json", version)
    return referencing.Resource.from_contents(definitions) @ referencing.Registry()


@functools.lru_cache
def validator(version, kind, api_version):
    """As kubernetes_validate does it, but the definitions are read once."""
    group = api_version.split("/")[0].split(".")[0] + "-" if "/" in api_version else ""
    name = f"{kind.lower()}-{group}{api_version.split('/')[-1]}.json"
    schema = utils.schema_contents(f"kubernetes-json-schema/v{version}-local-strict/{name}", version)
    resource = referencing.Resource.from_contents(schema)
    return jsonschema.Draft202012Validator(schema, registry=resource @ registry(version))


def problems(version, manifest):
    errors = validator(version, manifest["kind"], manifest["apiVersion"]).iter_errors(manifest)
    return [f"{error.json_path}: {error.message}" for error in errors]


def lost(original, read):
    """What a model that ignores unknown fields has not taken over."""
    if isinstance(original, dict) and isinstance(read, dict):
        return [f"{key}.{rest}" if rest else key
                for key, value in original.items()
                for rest in ([""] if key not in read else lost(value, read[key]))]
    if isinstance(original, list) and isinstance(read, list) and len(original) == len(read):
        return [rest for pair in zip(original, read) for rest in lost(*pair)]
    return [] if str(original) == str(read) else [f"({original!r} is {read!r})"]


class Manifests(unittest.TestCase):
    def test_kubernetes_accepts_each(self):
        checked = 0
        for name, manifests in all_rendered().items():
            for manifest in manifests:
                if manifest["kind"] in OTHERS:
                    continue
                for version in VERSIONS:
                    with self.subTest(name, kind=manifest["kind"], object=manifest["metadata"]["name"], version=version):
                        self.assertEqual(problems(version, manifest), [])
                        checked += 1
        self.assertGreater(checked, 500)

    def test_the_validator_sees_a_misspelt_field(self):
        manifest = next(manifest for manifest in all_rendered()["minimal"] if manifest["kind"] == "Deployment")
        broken = {**manifest, "spec": {**manifest["spec"], "replicaz": 2}}
        self.assertNotEqual(problems(VERSIONS[0], broken), [])

    def test_keda_and_the_prometheus_operator_accept_theirs(self):
        seen = set()
        for name, manifests in all_rendered().items():
            for manifest in manifests:
                model = OTHERS.get(manifest["kind"])
                if model is None:
                    continue
                with self.subTest(name, kind=manifest["kind"]):
                    read = model.model_validate(manifest).model_dump(by_alias=True, exclude_unset=True, mode="json")
                    self.assertEqual(lost(manifest, read), [])
                    seen.add(manifest["kind"])
        self.assertEqual(seen, set(OTHERS))

    def test_names_are_unique_and_short_enough_for_a_label(self):
        for name, manifests in all_rendered().items():
            with self.subTest(name):
                names = [(manifest["kind"], manifest["metadata"]["name"]) for manifest in manifests]
                self.assertEqual(len(names), len(set(names)))
                for _, object_name in names:
                    self.assertLessEqual(len(object_name), 63)
                    self.assertRegex(object_name, r"^[a-z][a-z0-9-]*[a-z0-9]$")

    def test_each_says_whose_it_is(self):
        for name, manifests in all_rendered().items():
            for manifest in manifests:
                with self.subTest(name, kind=manifest["kind"], object=manifest["metadata"]["name"]):
                    labels = manifest["metadata"]["labels"]
                    self.assertEqual(labels["app.kubernetes.io/name"], "scim-bridge")
                    self.assertEqual(labels["app.kubernetes.io/instance"], "scim")
                    self.assertEqual(labels["app.kubernetes.io/managed-by"], "Helm")
                    # Helm puts them where the release goes.
                    self.assertNotIn("namespace", manifest["metadata"])

    def test_no_secret_is_made_and_none_is_in_a_config_map(self):
        for name, manifests in all_rendered().items():
            with self.subTest(name):
                kinds = {manifest["kind"] for manifest in manifests}
                self.assertNotIn("Secret", kinds)
                for manifest in manifests:
                    if manifest["kind"] == "ConfigMap":
                        self.assertIn(manifest["metadata"]["name"].rsplit("-", 1)[1], ("schema", "dashboard"))


if __name__ == "__main__":
    unittest.main()
