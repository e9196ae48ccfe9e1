# SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
# SPDX-License-Identifier: Apache-2.0

"""What Prometheus and Grafana get."""

import json
import unittest

from rendered import CHART, all_rendered, layer, load_yaml, of_kind, one, pods, render, selects, value_sets

ALERTS = CHART / "files" / "alerts.yaml"
DASHBOARD = CHART / "files" / "dashboard.json"


class Monitoring(unittest.TestCase):
    def test_nothing_of_it_is_there_unless_it_is_asked_for(self):
        for values_name, manifests in all_rendered().items():
            if values_name == "monitored":
                continue
            with self.subTest(values_name):
                for kind in ("ServiceMonitor", "PrometheusRule"):
                    self.assertEqual(of_kind(manifests, kind), [])
                self.assertEqual([name for name in (manifest["metadata"]["name"] for manifest in manifests) if name.endswith("-dashboard")], [])

    def test_the_rules_are_those_of_the_file(self):
        (rule,) = of_kind(all_rendered()["monitored"], "PrometheusRule")
        self.assertEqual(rule["spec"], load_yaml(ALERTS.read_text()))
        self.assertEqual(rule["metadata"]["labels"]["release"], "kube-prometheus-stack")

    def test_runbooks_are_found_where_they_are_published(self):
        values = layer(value_sets()["monitored"], {"prometheusRule": {"runbookBaseURL": "https://git.example.org/blob/main/"}})
        (rule,) = of_kind(render(values)["monitoring.yaml"], "PrometheusRule")
        expected = load_yaml(ALERTS.read_text())
        moved = 0
        for group in expected["groups"]:
            for alert in group["rules"]:
                if path := alert.get("annotations", {}).get("runbook_url"):
                    alert["annotations"]["runbook_url"] = f"https://git.example.org/blob/main/{path}"
                    moved += 1
        self.assertGreater(moved, 0)
        self.assertEqual(rule["spec"], expected)

    def test_the_file_has_alerts(self):
        groups = load_yaml(ALERTS.read_text())["groups"]
        alerts = [rule["alert"] for group in groups for rule in group["rules"] if "alert" in rule]
        self.assertGreaterEqual(len(alerts), 7)
        self.assertEqual(len(alerts), len(set(alerts)))

    def test_every_serving_pod_is_scraped_once(self):
        manifests = all_rendered()["monitored"]
        (monitor,) = of_kind(manifests, "ServiceMonitor")
        (service,) = [service for service in of_kind(manifests, "Service")
                      if selects(monitor["spec"]["selector"], service["metadata"]["labels"])]
        (endpoint,) = monitor["spec"]["endpoints"]
        self.assertEqual(endpoint["path"], "/metrics")
        self.assertIn(endpoint["port"], {port["name"] for port in service["spec"]["ports"]})
        scraped = [name for name, labels, _, _ in pods(manifests) if selects({"matchLabels": service["spec"]["selector"]}, labels)]
        self.assertEqual(sorted(scraped), ["Deployment/scim-api", "Deployment/scim-events", "Deployment/scim-worker"])

    def test_scraping_uses_the_token_that_the_pods_ask_for(self):
        manifests = all_rendered()["monitored"]
        (endpoint,) = one(manifests, "ServiceMonitor", "scim")["spec"]["endpoints"]
        self.assertEqual(endpoint["authorization"],
                         {"type": "Bearer", "credentials": {"name": "scim-bridge-metrics", "key": "token"}})
        self.assertEqual((endpoint["interval"], endpoint["scrapeTimeout"]), ("30s", "10s"))
        for name, _, spec, manifest in pods(manifests):
            if manifest["kind"] == "Deployment":
                with self.subTest(name):
                    self.assertIn("OPS_TOKEN_FILE", {entry["name"] for entry in spec["containers"][0]["env"]})

    def test_the_role_of_a_process_becomes_a_label(self):
        manifests = all_rendered()["monitored"]
        (endpoint,) = one(manifests, "ServiceMonitor", "scim")["spec"]["endpoints"]
        (relabeling,) = endpoint["relabelings"]
        self.assertEqual(relabeling["sourceLabels"], ["__meta_kubernetes_pod_label_app_kubernetes_io_component"])
        self.assertEqual(relabeling["targetLabel"], "role")

    def test_the_dashboard_is_that_of_the_file(self):
        dashboards = of_kind(all_rendered()["monitored"], "ConfigMap", "scim-dashboard")
        if not DASHBOARD.exists():
            self.assertEqual(dashboards, [])
            return
        (dashboard,) = dashboards
        self.assertEqual(dashboard["metadata"]["labels"]["grafana_dashboard"], "1")
        self.assertEqual(dashboard["metadata"]["annotations"], {"grafana_folder": "Identity"})
        self.assertEqual(dashboard["data"], {"scim-bridge.json": DASHBOARD.read_text()})
        self.assertTrue(json.loads(dashboard["data"]["scim-bridge.json"])["panels"])


if __name__ == "__main__":
    unittest.main()
