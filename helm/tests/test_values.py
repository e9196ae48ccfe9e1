# SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
# SPDX-License-Identifier: Apache-2.0

"""What values the chart takes, and what it refuses."""

import re
import unittest

import helm_python
import jsonschema

import program
from rendered import CHART, chart, load_yaml, merged, refused_sets, render, value_sets, values_schema


def leaves(values, path=()):
    """Dotted path -> value, down to what is no mapping with content."""
    if isinstance(values, dict) and values:
        for key, value in values.items():
            yield from leaves(value, (*path, key))
    else:
        yield ".".join(path), values


def schema_at(schema, path):
    """The part of the schema that describes `path`, references followed."""
    part = schema
    for key in path:
        part = resolve(schema, part)
        part = part.get("properties", {}).get(key)
        if part is None:
            return None
    return part


def resolve(schema, part):
    while "$ref" in part:
        name = part["$ref"].removeprefix("#/definitions/")
        part = {**schema["definitions"][name], **{key: value for key, value in part.items() if key != "$ref"}}
    return part


class ValueSets(unittest.TestCase):
    def test_there_are_enough(self):
        self.assertGreaterEqual(len(value_sets()), 12)

    def test_each_is_rendered(self):
        for name, values in value_sets().items():
            with self.subTest(name):
                self.assertIn("deployments.yaml", render(values))

    def test_each_obeys_the_schema_by_two_validators(self):
        validator = jsonschema.Draft7Validator(values_schema())
        for name, values in value_sets().items():
            with self.subTest(name):
                chart().validate_schema(values)
                self.assertEqual([error.message for error in validator.iter_errors(merged(values))], [])

    def test_helm_lint_finds_nothing_but_the_missing_icon(self):
        for name, values in value_sets().items():
            for version in ("v1.27.0", "v1.34.0"):
                with self.subTest(name, kubernetes=version):
                    report = helm_python.lint(CHART, values, strict=True, kube_version=version)
                    self.assertEqual([message["error"] for message in report["messages"]], ["icon is recommended"])
                    self.assertEqual(report["errors"], [])

    def test_the_chart_without_values_says_what_is_missing(self):
        with self.assertRaisesRegex(helm_python.HelmError, "DATABASE_URL has to be set"):
            render({})

    def test_numbers_of_any_size_stay_whole(self):
        environments = [
            {entry["name"]: entry["value"] for entry in manifest["spec"]["template"]["spec"]["containers"][0]["env"]}
            for manifest in render(value_sets()["large"])["deployments.yaml"]
        ]
        api, worker, _ = environments
        self.assertEqual(api["TENANT_JOBS_HARD_MAX"], "100000000")
        self.assertEqual(api["TENANT_JOBS_MAX"], "2000000")
        self.assertEqual(worker["UDM_CONCURRENCY_MAX"], "256")
        self.assertEqual(worker["REDIS_TIMEOUT"], "5")
        self.assertEqual(worker["MAIL_DOMAINS"], "example.org,example.com")

    def test_a_role_may_have_a_level_of_its_own(self):
        levels = [
            [entry["value"] for entry in manifest["spec"]["template"]["spec"]["containers"][0]["env"] if entry["name"] == "LOG_LEVEL"]
            for manifest in render(value_sets()["large"])["deployments.yaml"]
        ]
        self.assertEqual(levels, [["info"], ["warning"], ["warning"]])


class Notes(unittest.TestCase):
    """What is said after an installation."""

    def notes(self, name):
        rendered = chart().render(value_sets()[name], name="scim", namespace="iam")
        return rendered["scim-bridge/templates/NOTES.txt"]

    def test_addresses_and_commands_are_those_of_the_release(self):
        text = self.notes("minimal")
        self.assertIn("https://scim.example.org/scim/v2", text)
        self.assertIn("kubectl --namespace iam port-forward service/scim 8080:80", text)
        self.assertIn("exec deploy/scim-worker -- scim-bridge queue stats", text)

    def test_what_deserves_a_warning_gets_one(self):
        warnings = {
            "ALLOW_PLAINTEXT is true": "inside-the-cluster",
            "run `scim-bridge migrate` by hand": "without-policies",
            "Nobody scrapes it": "minimal",
            "No Ingress was made": "minimal",
        }
        for warning, name in warnings.items():
            with self.subTest(warning):
                self.assertIn(warning, self.notes(name))
        self.assertNotIn("ALLOW_PLAINTEXT is true", self.notes("minimal"))
        self.assertNotIn("by hand", self.notes("minimal"))
        self.assertNotIn("Nobody scrapes it", self.notes("monitored"))
        self.assertNotIn("No Ingress was made", self.notes("ingress"))


class RefusedSets(unittest.TestCase):
    def test_each_is_refused_for_its_reason(self):
        refused = refused_sets()
        self.assertGreaterEqual(len(refused), 20)
        for name, (values, reason) in refused.items():
            with self.subTest(name):
                with self.assertRaises(helm_python.HelmError) as caught:
                    chart().validate_schema(values)
                    render(values)
                self.assertIn(reason, str(caught.exception))

    def test_each_is_one_change_away_from_a_good_one(self):
        """Otherwise something else might be what is refused."""
        render(value_sets()["minimal"])


class Schema(unittest.TestCase):
    def test_it_is_a_schema(self):
        jsonschema.Draft7Validator.check_schema(values_schema())

    def test_every_value_is_in_it_and_described(self):
        schema = values_schema()
        missing = []
        for path, _ in leaves(load_yaml((CHART / "values.yaml").read_text())):
            keys = path.split(".")
            # Labels by which others find something have names of their own.
            if path.startswith("grafanaDashboard.labels."):
                keys = keys[:2]
            # Quantities, whose names are Kubernetes'.
            if "resources" in keys:
                keys = keys[: keys.index("resources") + 1]
            part = schema_at(schema, keys)
            if part is None or not resolve(schema, part).get("description"):
                missing.append(path)
        self.assertEqual(missing, [])

    def test_no_object_takes_names_that_nobody_knows(self):
        """Apart from what is handed to Kubernetes or to the program as it is."""
        handed_on = {
            "global", "schemaFile", "affinity", "annotations", "labels", "nodeSelector", "tolerations", "extraEgress", "quantities",
            "namespaceSelector", "podSelector", "ipBlock",
        }
        open_objects = []

        def visit(part, path):
            if isinstance(part, dict):
                if part.get("type") == "object" and part.get("additionalProperties") is not False:
                    if not handed_on & set(path[-2:]):
                        open_objects.append(".".join(path))
                for key, value in part.items():
                    visit(value, (*path, key))
            elif isinstance(part, list):
                for value in part:
                    visit(value, path)

        visit(values_schema(), ())
        self.assertEqual(open_objects, [])


class Settings(unittest.TestCase):
    """The names are the program's, and the chart's defaults are those of its documentation."""

    # The chart knows these itself; the last is of no use in a container.
    MADE_BY_THE_CHART = {"OPS_ADDRESS", "HTTP_ADDRESS", "SCHEMA_FILE", "SCHEMA_FOLDER", "CONFIG_FILE"}

    def names_in_schema(self):
        groups = values_schema()["properties"]["settings"]["properties"]
        return {name for group in groups.values() for name in group["properties"]}

    def test_every_setting_of_the_program_can_be_given_and_no_other(self):
        known = program.settings_of_sources() - program.settings_not_in_this_version() - self.MADE_BY_THE_CHART
        self.assertEqual(self.names_in_schema(), {name for name in known if not name.endswith("_FILE")})

    def test_every_setting_is_on_the_page(self):
        page = set(program.settings_of_page())
        self.assertEqual(self.names_in_schema() - page, set())
        self.assertEqual(self.MADE_BY_THE_CHART - page, set())

    def test_defaults_are_those_of_the_page(self):
        page = program.settings_of_page()
        values = load_yaml((CHART / "values.yaml").read_text())["settings"]
        given = {name: str(value) for group in values.values() for name, value in group.items() if value != ""}
        self.assertGreater(len(given), 15)
        self.assertEqual(given, {name: page[name] for name in given})

    def test_what_the_page_asks_for_is_empty_in_the_chart(self):
        values = load_yaml((CHART / "values.yaml").read_text())["settings"]
        empty = {name for group in values.values() for name, value in group.items() if value == ""}
        self.assertEqual(
            empty,
            {"DATABASE_URL", "REDIS_URL", "PUBLIC_URL", "UDM_URL", "UDM_USERNAME", "PROVISIONING_URL", "PROVISIONING_USERNAME"})


class ReadMe(unittest.TestCase):
    def test_its_table_is_that_of_the_values(self):
        table = dict(re.findall(r"^\| `([^`]+)` \| (.*?) \|", (CHART / "README.md").read_text(), re.MULTILINE))
        wanted = {}
        for path, value in leaves(load_yaml((CHART / "values.yaml").read_text())):
            if path.startswith("settings."):
                continue
            if isinstance(value, (list, dict)) and value:
                wanted[path] = "see `values.yaml`"
            else:
                text = str(value).lower() if isinstance(value, bool) else str(value)
                wanted[path] = f"`{text}`" if text else "none"
        self.assertGreater(len(wanted), 100)
        self.assertEqual(table, wanted)


if __name__ == "__main__":
    unittest.main()
