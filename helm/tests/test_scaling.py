# SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
# SPDX-License-Identifier: Apache-2.0

"""How many pods there are, and how many may go at once."""

import re
import shutil
import subprocess
import tempfile
import unittest

import yaml

import program
from rendered import ROLES, all_rendered, merged, of_kind, one, value_sets


def scalers(manifests):
    """Name of the Deployment -> what scales it."""
    found = {}
    for kind in ("HorizontalPodAutoscaler", "ScaledObject"):
        for scaler in of_kind(manifests, kind):
            target = scaler["spec"]["scaleTargetRef"]
            found.setdefault(target["name"], []).append(scaler)
    return found


def queries():
    for values_name, manifests in all_rendered().items():
        for scaler in of_kind(manifests, "ScaledObject"):
            for trigger in scaler["spec"]["triggers"]:
                yield values_name, trigger["name"], trigger["metadata"]["query"]


class Scaling(unittest.TestCase):
    def test_a_deployment_has_one_scaler_or_a_number_of_pods(self):
        for values_name, manifests in all_rendered().items():
            found = scalers(manifests)
            deployments = {deployment["metadata"]["name"]: deployment for deployment in of_kind(manifests, "Deployment")}
            self.assertLessEqual(set(found), set(deployments))
            for name, deployment in deployments.items():
                with self.subTest(values_name, deployment=name):
                    self.assertEqual(len(found.get(name, [])) + ("replicas" in deployment["spec"]), 1)

    def test_which_scaler_it_is(self):
        kinds = {values_name: {name.removeprefix("scim-"): scaler["kind"] for name, (scaler,) in scalers(manifests).items()}
                 for values_name, manifests in all_rendered().items()}
        self.assertEqual(
            {name: kind for name, kind in kinds.items() if kind},
            {
                "hpa": {"api": "HorizontalPodAutoscaler", "worker": "HorizontalPodAutoscaler"},
                "keda": {"worker": "ScaledObject"},
                "keda-with-account": {"worker": "ScaledObject"},
            })

    def test_bounds_are_those_of_the_values(self):
        for values_name, manifests in all_rendered().items():
            values = merged(value_sets()[values_name])
            for name, (scaler,) in scalers(manifests).items():
                wanted = values[name.rpartition("-")[2]]["autoscaling"]
                spec = scaler["spec"]
                with self.subTest(values_name, deployment=name):
                    self.assertEqual(spec.get("minReplicas", spec.get("minReplicaCount")), wanted["minReplicas"])
                    self.assertEqual(spec.get("maxReplicas", spec.get("maxReplicaCount")), wanted["maxReplicas"])

    def test_by_cpu_a_role_needs_a_request_to_be_a_share_of(self):
        manifests = all_rendered()["hpa"]
        for name, (scaler,) in scalers(manifests).items():
            container = one(manifests, "Deployment", name)["spec"]["template"]["spec"]["containers"][0]
            self.assertIn("cpu", container["resources"]["requests"])
            (metric,) = scaler["spec"]["metrics"]
            self.assertEqual(metric["resource"]["name"], "cpu")
        target = one(manifests, "HorizontalPodAutoscaler", "scim-api")["spec"]["metrics"][0]["resource"]["target"]
        self.assertEqual(target, {"type": "Utilization", "averageUtilization": 60})

    def test_keda_looks_at_age_and_drain_time_and_not_at_depth_alone(self):
        scaler = one(all_rendered()["keda"], "ScaledObject", "scim-worker")
        triggers = {trigger["name"]: trigger for trigger in scaler["spec"]["triggers"]}
        self.assertEqual(set(triggers), {"oldest-age", "drain-time"})
        self.assertEqual(triggers["oldest-age"]["metadata"]["threshold"], "120")
        self.assertEqual(triggers["drain-time"]["metadata"]["threshold"], "900")
        self.assertIn("scim_queue_oldest_age_seconds", triggers["oldest-age"]["metadata"]["query"])
        self.assertRegex(triggers["drain-time"]["metadata"]["query"], r"sum\(scim_jobs_open.*\) / clamp_min\(max\(scim_queue_drain_rate")
        for trigger in triggers.values():
            self.assertEqual(trigger["metadata"]["serverAddress"], "http://prometheus-operated.monitoring:9090")

    def test_more_workers_are_of_no_use_while_the_directory_is_away(self):
        for values_name, trigger, query in queries():
            with self.subTest(values_name, trigger=trigger):
                self.assertRegex(query, r" and on\(\) \(max\(scim_udm_breaker_state\{[^}]*\}\) < 2\) or vector\(0\)$")

    def test_queries_are_about_metrics_that_exist_and_this_release_alone(self):
        for values_name, trigger, query in queries():
            with self.subTest(values_name, trigger=trigger):
                names = re.findall(r"\bscim_[a-z_]+", query)
                self.assertTrue(names)
                self.assertLessEqual(set(names), program.metrics_of_page())
                selector = 'namespace="iam",job="scim"' if values_name == "keda-with-account" else 'namespace="iam"'
                self.assertEqual(query.count("{" + selector + "}"), len(names))

    def test_prometheus_can_read_the_queries(self):
        rules = [{"record": f"query:{number}", "expr": query} for number, (_, _, query) in enumerate(queries())]
        self.assertTrue(rules)
        self.assertTrue(shutil.which("promtool"), "promtool is not installed: it comes with the package prometheus (make chart installs it)")
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            yaml.safe_dump({"groups": [{"name": "keda", "rules": rules}]}, file)
            file.flush()
            done = subprocess.run(["promtool", "check", "rules", file.name], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_without_prometheus_there_are_still_workers(self):
        fallback = {name: one(all_rendered()[name], "ScaledObject", "scim-worker")["spec"]["fallback"]["replicas"]
                    for name in ("keda", "keda-with-account")}
        self.assertEqual(fallback, {"keda": 1, "keda-with-account": 4})

    def test_an_account_for_prometheus_is_handed_on(self):
        for name, expected in (("keda", None), ("keda-with-account", {"name": "prometheus"})):
            for trigger in one(all_rendered()[name], "ScaledObject", "scim-worker")["spec"]["triggers"]:
                self.assertEqual(trigger.get("authenticationRef"), expected)

    def test_there_is_always_a_worker_because_one_leads(self):
        for values_name, manifests in all_rendered().items():
            for scaler in of_kind(manifests, "ScaledObject"):
                with self.subTest(values_name):
                    self.assertGreaterEqual(scaler["spec"]["minReplicaCount"], 1)
                    self.assertNotIn("idleReplicaCount", scaler["spec"])


class Disruption(unittest.TestCase):
    def test_every_role_has_a_budget_that_lets_a_node_be_drained(self):
        for values_name, manifests in all_rendered().items():
            budgets = of_kind(manifests, "PodDisruptionBudget")
            with self.subTest(values_name):
                roles = {budget["metadata"]["labels"]["app.kubernetes.io/component"] for budget in budgets}
                self.assertEqual(roles, set() if values_name == "small" else set(ROLES))
                for budget in budgets:
                    self.assertEqual(budget["spec"]["maxUnavailable"], "25%" if values_name == "large" else 1)
                    self.assertNotIn("minAvailable", budget["spec"])


if __name__ == "__main__":
    unittest.main()
