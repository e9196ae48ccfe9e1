# SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
# SPDX-License-Identifier: Apache-2.0

"""Who reaches whom: Services, Ingress, NetworkPolicies."""

import unittest
import urllib.parse

from rendered import ROLES, all_rendered, of_kind, one, pods, selects

USUAL_PORTS = {"postgresql": 5432, "redis": 6379, "rediss": 6379, "http": 80, "https": 443}
# Which addresses a role's pods have to reach, by the variable that holds them.
ADDRESSES = {
    "api": {"DATABASE_URL", "REDIS_URL"},
    "worker": {"DATABASE_URL", "REDIS_URL", "UDM_URL"},
    "events": {"DATABASE_URL", "REDIS_URL", "PROVISIONING_URL", "WEBHOOK_URL"},
    "migration": {"DATABASE_URL"},
}


def ports_of(url):
    """Of every host of the address."""
    parts = urllib.parse.urlsplit(url)
    hosts = parts.netloc.rpartition("@")[2].split(",")
    return {int(host.rpartition(":")[2]) if ":" in host else USUAL_PORTS[parts.scheme] for host in hosts}


def policies_of(manifests, labels):
    return [policy for policy in of_kind(manifests, "NetworkPolicy") if selects(policy["spec"]["podSelector"], labels)]


def variables(spec):
    return {entry["name"]: entry["value"] for entry in spec["containers"][0]["env"]}


def egress_ports(policy, protocol="TCP"):
    return {port["port"] for rule in policy["spec"]["egress"] for port in rule["ports"] if port["protocol"] == protocol}


class Services(unittest.TestCase):
    def test_the_scim_service_leads_to_the_api_alone(self):
        for values_name, manifests in all_rendered().items():
            for service in of_kind(manifests, "Service"):
                if service["metadata"]["name"].endswith("-operations"):
                    continue
                with self.subTest(values_name):
                    reached = {name for name, labels, _, _ in pods(manifests)
                               if selects({"matchLabels": service["spec"]["selector"]}, labels)}
                    self.assertEqual(reached, {f"Deployment/{service['metadata']['name']}-api"})

    def test_the_operations_service_leads_to_what_serves(self):
        for values_name, manifests in all_rendered().items():
            (service,) = [service for service in of_kind(manifests, "Service")
                          if service["metadata"]["name"].endswith("-operations")]
            with self.subTest(values_name):
                reached = {manifest["metadata"]["labels"]["app.kubernetes.io/component"]
                           for _, labels, _, manifest in pods(manifests)
                           if selects({"matchLabels": service["spec"]["selector"]}, labels)}
                self.assertEqual(reached, set(ROLES))
                # Of pods that are not ready too: those are the interesting ones.
                self.assertIs(service["spec"]["publishNotReadyAddresses"], True)
                self.assertEqual(service["spec"]["clusterIP"], "None")

    def test_ports_lead_to_ports_that_are_there(self):
        for values_name, manifests in all_rendered().items():
            for service in of_kind(manifests, "Service"):
                for _, labels, spec, _ in pods(manifests):
                    if not selects({"matchLabels": service["spec"]["selector"]}, labels):
                        continue
                    with self.subTest(values_name, service=service["metadata"]["name"]):
                        names = {port["name"] for port in spec["containers"][0]["ports"]}
                        self.assertLessEqual({port["targetPort"] for port in service["spec"]["ports"]}, names)

    def test_deployments_and_budgets_select_their_own_pods_and_no_others(self):
        for values_name, manifests in all_rendered().items():
            for kind in ("Deployment", "PodDisruptionBudget"):
                for owner in of_kind(manifests, kind):
                    with self.subTest(values_name, kind=kind, name=owner["metadata"]["name"]):
                        selected = {name for name, labels, _, _ in pods(manifests) if selects(owner["spec"]["selector"], labels)}
                        self.assertEqual(selected, {f"Deployment/{owner['metadata']['name']}"})

    def test_the_type_and_port_are_those_of_the_values(self):
        service = one(all_rendered()["tls-everywhere"], "Service", "scim")
        self.assertEqual(service["spec"]["type"], "LoadBalancer")
        self.assertEqual(service["spec"]["ports"][0]["port"], 443)
        self.assertIn("service.beta.kubernetes.io/aws-load-balancer-type", service["metadata"]["annotations"])


class IngressRules(unittest.TestCase):
    def test_it_leads_to_the_service(self):
        manifests = all_rendered()["ingress"]
        ingress = one(manifests, "Ingress", "scim")
        self.assertEqual(ingress["spec"]["ingressClassName"], "nginx")
        self.assertEqual(ingress["spec"]["tls"], [{"secretName": "scim-example-org", "hosts": ["scim.example.org"]}])
        (rule,) = ingress["spec"]["rules"]
        self.assertEqual(rule["host"], "scim.example.org")
        (path,) = rule["http"]["paths"]
        self.assertEqual((path["path"], path["pathType"]), ("/scim/v2", "Prefix"))
        service = one(manifests, "Service", path["backend"]["service"]["name"])
        self.assertIn(path["backend"]["service"]["port"]["name"], {port["name"] for port in service["spec"]["ports"]})

    def test_operators_are_never_reached_through_it(self):
        for values_name, manifests in all_rendered().items():
            for ingress in of_kind(manifests, "Ingress"):
                for rule in ingress["spec"]["rules"]:
                    for path in rule["http"]["paths"]:
                        with self.subTest(values_name):
                            self.assertEqual(path["backend"]["service"]["port"], {"name": "scim"})

    def test_there_is_none_unless_it_is_asked_for(self):
        self.assertEqual(of_kind(all_rendered()["minimal"], "Ingress"), [])


class Policies(unittest.TestCase):
    def test_every_pod_has_exactly_one_that_denies_the_rest(self):
        for values_name, manifests in all_rendered().items():
            if values_name == "without-policies":
                self.assertEqual(of_kind(manifests, "NetworkPolicy"), [])
                continue
            for name, labels, _, _ in pods(manifests):
                with self.subTest(values_name, pod=name):
                    (policy,) = policies_of(manifests, labels)
                    self.assertEqual(policy["spec"]["policyTypes"], ["Ingress", "Egress"])
                    # A rule without ports would open all of them.
                    for rule in policy["spec"]["ingress"] + policy["spec"]["egress"]:
                        self.assertTrue(rule["ports"])

    def test_a_pod_reaches_the_ports_of_its_addresses_and_names_and_nothing_else(self):
        seen = set()
        for values_name, manifests in all_rendered().items():
            for name, labels, spec, _ in pods(manifests):
                for policy in policies_of(manifests, labels):
                    role = spec["containers"][0]["name"]
                    with self.subTest(values_name, pod=name):
                        addresses = {key: value for key, value in variables(spec).items() if key in ADDRESSES[role]}
                        wanted = {53}.union(*(ports_of(url) for url in addresses.values()))
                        extra = {6432} if values_name == "large" else set()
                        self.assertEqual(egress_ports(policy), wanted | extra)
                        self.assertEqual(egress_ports(policy, "UDP"), {53})
                        seen |= wanted
        # The value sets do have unusual ports.
        self.assertLessEqual({443, 4443, 5432, 6379, 6380, 6432, 7000, 7777, 8443, 9979}, seen)

    def test_the_api_cannot_reach_the_directory(self):
        """Requirement R-5. In this value set UDM has a port of its own."""
        (policy,) = of_kind(all_rendered()["inside-the-cluster"], "NetworkPolicy", "scim-api")
        self.assertNotIn(9979, egress_ports(policy))

    def test_only_the_api_is_reached_by_clients(self):
        for values_name, manifests in all_rendered().items():
            for policy in of_kind(manifests, "NetworkPolicy"):
                role = policy["metadata"]["labels"]["app.kubernetes.io/component"]
                ports = {port["port"] for rule in policy["spec"]["ingress"] for port in rule["ports"]}
                with self.subTest(values_name, role=role):
                    self.assertEqual(
                        ports, {"api": {"scim", "operations"}, "worker": {"operations"}, "events": {"operations"}, "migration": set()}[role])

    def test_peers_are_those_of_the_values(self):
        manifests = all_rendered()["inside-the-cluster"]

        def namespaces(role, direction, port):
            policy = one(manifests, "NetworkPolicy", f"scim-{role}")
            key = "from" if direction == "ingress" else "to"
            return [peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
                    for rule in policy["spec"][direction] for peer in rule[key]
                    if port in {entry["port"] for entry in rule["ports"]}]

        self.assertEqual(namespaces("api", "ingress", "scim"), ["ingress-nginx"])
        self.assertEqual(namespaces("worker", "ingress", "operations"), ["monitoring"])
        self.assertEqual(namespaces("api", "egress", 5432), ["data"])
        self.assertEqual(namespaces("events", "egress", 6379), ["data"])
        self.assertEqual(namespaces("worker", "egress", 9979), ["nubus"])
        self.assertEqual(namespaces("events", "egress", 7777), ["nubus"])

    def test_no_peers_are_everybody(self):
        policy = one(all_rendered()["tls-everywhere"], "NetworkPolicy", "scim-api")
        (rule,) = [rule for rule in policy["spec"]["ingress"] if rule["ports"][0]["port"] == "scim"]
        self.assertNotIn("from", rule)

    def test_by_default_the_cluster_alone_gets_in_and_names_come_from_its_own_servers(self):
        policy = one(all_rendered()["minimal"], "NetworkPolicy", "scim-api")
        for rule in policy["spec"]["ingress"]:
            self.assertEqual(rule["from"], [{"namespaceSelector": {}}])
        (dns,) = [rule for rule in policy["spec"]["egress"] if rule["ports"][0]["port"] == 53]
        self.assertEqual(dns["to"][0], {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}})


if __name__ == "__main__":
    unittest.main()
