# SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
# SPDX-License-Identifier: Apache-2.0

"""What runs: hardened, its secrets in files only, with the names that the program knows, and time to stop."""

import unittest

import program
from rendered import ROLES, all_rendered, merged, of_kind, one, pods, render, value_sets

SECRETS_FOLDER = "/run/secrets/scim-bridge/"
AUTHORITIES_FOLDER = "/run/authorities/scim-bridge/"


def every_pod():
    """(value set, name, labels, spec, container, manifest) of every pod; each has one container."""
    for values_name, manifests in all_rendered().items():
        for name, labels, spec, manifest in pods(manifests):
            (container,) = spec["containers"]
            yield values_name, name, labels, spec, container, manifest


def environment(container):
    return {entry["name"]: entry.get("value") for entry in container["env"]}


def files_in(spec, container):
    """Path in the container -> (kind of source, its name, key), for all projected volumes."""
    files = {}
    for mount in container.get("volumeMounts", []):
        (volume,) = [volume for volume in spec["volumes"] if volume["name"] == mount["name"]]
        for source in volume.get("projected", {}).get("sources", []):
            ((kind, content),) = source.items()
            for item in content["items"]:
                files[f"{mount['mountPath']}/{item['path']}"] = (kind, content["name"], item["key"])
        if "configMap" in volume:
            files[f"{mount['mountPath']}/schema.json"] = ("configMap", volume["configMap"]["name"], "schema.json")
    return files


class Hardening(unittest.TestCase):
    """Requirement R-36."""

    def test_every_pod_is_hardened(self):
        seen = set()
        for values_name, name, _, spec, container, _ in every_pod():
            with self.subTest(values_name, pod=name):
                self.assertIs(spec["automountServiceAccountToken"], False)
                self.assertIs(spec["enableServiceLinks"], False)
                self.assertIs(spec["securityContext"]["runAsNonRoot"], True)
                self.assertEqual(spec["securityContext"]["seccompProfile"], {"type": "RuntimeDefault"})
                security = container["securityContext"]
                self.assertIs(security["allowPrivilegeEscalation"], False)
                self.assertIs(security["privileged"], False)
                self.assertIs(security["readOnlyRootFilesystem"], True)
                self.assertIs(security["runAsNonRoot"], True)
                self.assertEqual(security["capabilities"], {"drop": ["ALL"]})
                for door in ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "initContainers"):
                    self.assertNotIn(door, spec)
                for volume in spec.get("volumes", []):
                    self.assertLessEqual(set(volume), {"name", "projected", "configMap"})
                seen.add(name)
        self.assertEqual(
            seen,
            {f"{kind}/{prefix}-{role}{end}" for prefix in ("scim", "scim-large") for role in ROLES
             for kind, end in (("Deployment", ""), ("Pod", "-check"))} | {"Job/scim-migration", "Job/scim-large-migration"})

    def test_user_1000_unless_the_platform_chooses(self):
        for values_name, name, _, spec, _, _ in every_pod():
            with self.subTest(values_name, pod=name):
                users = {key: spec["securityContext"].get(key) for key in ("runAsUser", "runAsGroup", "fsGroup")}
                expected = None if values_name == "openshift" else 1000
                self.assertEqual(users, dict.fromkeys(users, expected))

    def test_memory_is_limited_and_what_is_needed_requested(self):
        for values_name, name, _, _, container, _ in every_pod():
            with self.subTest(values_name, pod=name):
                self.assertIn("memory", container["resources"]["limits"])
                self.assertEqual(set(container["resources"]["requests"]), {"cpu", "memory"})

    def test_no_service_account_has_a_token(self):
        for values_name, manifests in all_rendered().items():
            accounts = {account["metadata"]["name"] for account in of_kind(manifests, "ServiceAccount")}
            for account in of_kind(manifests, "ServiceAccount"):
                self.assertIs(account["automountServiceAccountToken"], False)
            for name, _, spec, _ in pods(manifests):
                with self.subTest(values_name, pod=name):
                    self.assertIn(spec["serviceAccountName"], accounts | ({"shared"} if values_name == "without-policies" else set()))


class Secrets(unittest.TestCase):
    """Requirement R-30: in files only."""

    def test_no_variable_comes_from_a_secret_or_from_anywhere_else(self):
        for values_name, name, _, _, container, _ in every_pod():
            with self.subTest(values_name, pod=name):
                self.assertNotIn("envFrom", container)
                for entry in container["env"]:
                    self.assertEqual(set(entry), {"name", "value"})
                    self.assertIsInstance(entry["value"], str)

    def test_no_secret_is_a_variable(self):
        plain = {name.removesuffix("_FILE") for name in program.secret_settings()}
        self.assertGreaterEqual(len(plain), 6)
        for values_name, name, _, _, container, _ in every_pod():
            with self.subTest(values_name, pod=name):
                self.assertEqual(plain & set(environment(container)), set())

    def test_every_file_that_is_named_is_mounted_and_the_other_way_round(self):
        for values_name, name, _, spec, container, _ in every_pod():
            with self.subTest(values_name, pod=name):
                named = {value for key, value in environment(container).items() if key.endswith("_FILE")}
                self.assertEqual(named, set(files_in(spec, container)))

    def test_secrets_come_from_secrets_and_authorities_from_config_maps(self):
        for values_name, name, _, spec, container, _ in every_pod():
            for path, (kind, _, _) in files_in(spec, container).items():
                with self.subTest(values_name, pod=name, path=path):
                    self.assertEqual(kind, "secret" if path.startswith(SECRETS_FOLDER) else "configMap")

    def test_each_file_is_the_one_of_the_values(self):
        for values_name, name, _, spec, container, _ in every_pod():
            values = merged(value_sets()[values_name])
            for path, (_, source, key) in files_in(spec, container).items():
                with self.subTest(values_name, pod=name, path=path):
                    if path.startswith(SECRETS_FOLDER):
                        entry = values["secrets"][path.removeprefix(SECRETS_FOLDER)]
                        self.assertEqual((source, key), (entry["name"], entry["key"]))
                    elif path.startswith(AUTHORITIES_FOLDER):
                        entry = values["authorities"][path.removeprefix(AUTHORITIES_FOLDER).removesuffix(".pem")]
                        self.assertEqual((source, key), (entry["configMap"], entry["key"]))

    def test_a_role_has_its_own_secrets_and_no_others(self):
        common = {"DATABASE_PASSWORD_FILE", "REDIS_PASSWORD_FILE", "REDIS_CERTIFICATE_FILE", "REDIS_KEY_FILE", "OPS_TOKEN_FILE"}
        allowed = {
            "api": common | {"PASSWORD_KEY_FILE", "STATIC_TOKENS_FILE", "TLS_CERTIFICATE_FILE", "TLS_KEY_FILE"},
            "worker": common | {"PASSWORD_KEY_FILE", "UDM_PASSWORD_FILE"},
            "events": common | {"PROVISIONING_PASSWORD_FILE", "WEBHOOK_SECRET_FILE"},
            "migration": {"DATABASE_PASSWORD_FILE"},
        }
        seen = {role: set() for role in allowed}
        for _, _, _, spec, container, _ in every_pod():
            for variable, path in environment(container).items():
                if variable.endswith("_FILE") and path.startswith(SECRETS_FOLDER):
                    seen[container["name"]].add(variable)
        self.assertEqual(seen, allowed)

    def test_secret_files_are_for_their_group_alone(self):
        for values_name, name, _, spec, _, _ in every_pod():
            for volume in spec.get("volumes", []):
                if volume["name"] == "secrets":
                    with self.subTest(values_name, pod=name):
                        self.assertEqual(volume["projected"]["defaultMode"], 0o440)

    def test_every_volume_is_read_only(self):
        for values_name, name, _, _, container, _ in every_pod():
            for mount in container.get("volumeMounts", []):
                with self.subTest(values_name, pod=name, volume=mount["name"]):
                    self.assertIs(mount["readOnly"], True)


class Program(unittest.TestCase):
    def test_every_variable_is_a_setting(self):
        for values_name, name, _, _, container, _ in every_pod():
            with self.subTest(values_name, pod=name):
                names = [entry["name"] for entry in container["env"]]
                self.assertEqual(len(names), len(set(names)))
                self.assertEqual(set(names) - program.settings_of_sources(), set())
                self.assertEqual(set(names) & program.settings_not_in_this_version(), set())
                self.assertEqual(set(names) - set(program.settings_of_page()), set())

    def test_every_command_is_one_of_the_program(self):
        for values_name, name, _, _, container, manifest in every_pod():
            with self.subTest(values_name, pod=name):
                self.assertNotIn("command", container)
                command, *arguments = container["args"]
                self.assertIn(command, program.commands())
                if manifest["kind"] == "Job":
                    self.assertEqual(arguments, [])
                else:
                    self.assertEqual(arguments, ["--roles", container["name"]])
                    self.assertIn(container["name"], program.roles())

    def test_settings_of_sinks_are_there_with_their_sink(self):
        prefixes = {"provisioning": "PROVISIONING_", "webhook": "WEBHOOK_", "redis-stream": "EVENTS_STREAM_"}
        seen = set()
        for values_name, manifests in all_rendered().items():
            (deployment,) = [deployment for deployment in of_kind(manifests, "Deployment")
                             if deployment["metadata"]["name"].endswith("-events")]
            variables = environment(deployment["spec"]["template"]["spec"]["containers"][0])
            sinks = variables["EVENTS_SINKS"].split(",")
            for sink, prefix in prefixes.items():
                with self.subTest(values_name, sink=sink):
                    self.assertEqual(any(name.startswith(prefix) for name in variables), sink in sinks)
            seen.update(sinks)
        self.assertEqual(seen, set(prefixes))

    def test_the_image_is_the_version_of_the_chart_or_a_digest(self):
        for values_name, name, _, spec, container, _ in every_pod():
            with self.subTest(values_name, pod=name):
                if values_name == "openshift":
                    self.assertRegex(container["image"], r"^registry\.example\.org/identity/scim-bridge@sha256:[0-9a-f]{64}$")
                    self.assertEqual(spec["imagePullSecrets"], [{"name": "registry"}])
                    self.assertEqual(container["imagePullPolicy"], "Always")
                else:
                    self.assertEqual(container["image"], "scim-bridge:0.1.0")


class Serving(unittest.TestCase):
    def test_probes_ask_for_health_on_the_operators_port(self):
        for values_name, name, _, _, container, manifest in every_pod():
            probes = {key: container[key]["httpGet"] for key in ("startupProbe", "livenessProbe", "readinessProbe") if key in container}
            with self.subTest(values_name, pod=name):
                if manifest["kind"] != "Deployment":
                    self.assertEqual(probes, {})
                    continue
                paths = {key: probe["path"] for key, probe in probes.items()}
                self.assertEqual(
                    paths,
                    {"startupProbe": "/health/startup", "livenessProbe": "/health/live", "readinessProbe": "/health/ready"})
                self.assertLessEqual(set(paths.values()), program.health_paths())
                ports = {port["name"]: port["containerPort"] for port in container["ports"]}
                for probe in probes.values():
                    self.assertEqual(ports[probe["port"]], int(environment(container)["OPS_ADDRESS"].rpartition(":")[2]))

    def test_the_api_alone_has_the_port_of_scim(self):
        for values_name, name, _, _, container, manifest in every_pod():
            if manifest["kind"] != "Deployment":
                continue
            with self.subTest(values_name, pod=name):
                ports = {port["name"]: port["containerPort"] for port in container["ports"]}
                self.assertEqual("scim" in ports, container["name"] == "api")
                self.assertEqual("HTTP_ADDRESS" in environment(container), container["name"] == "api")
                if "scim" in ports:
                    self.assertEqual(environment(container)["HTTP_ADDRESS"], f"0.0.0.0:{ports['scim']}")

    def test_there_is_time_to_stop(self):
        for values_name, name, _, spec, container, manifest in every_pod():
            if manifest["kind"] != "Deployment":
                continue
            with self.subTest(values_name, pod=name):
                before = 0
                if "lifecycle" in container:
                    command, seconds = container["lifecycle"]["preStop"]["exec"]["command"]
                    self.assertEqual(command, "sleep")
                    before = int(seconds)
                self.assertGreaterEqual(spec["terminationGracePeriodSeconds"], before + program.seconds_to_stop())

    def test_the_api_goes_on_until_proxies_know(self):
        api = one(all_rendered()["minimal"], "Deployment", "scim-api")
        container = api["spec"]["template"]["spec"]["containers"][0]
        self.assertEqual(container["lifecycle"]["preStop"]["exec"]["command"], ["sleep", "5"])

    def test_a_rollout_never_takes_a_pod_away_first(self):
        for values_name, manifests in all_rendered().items():
            for deployment in of_kind(manifests, "Deployment"):
                with self.subTest(values_name, deployment=deployment["metadata"]["name"]):
                    self.assertEqual(deployment["spec"]["strategy"]["rollingUpdate"], {"maxSurge": 1, "maxUnavailable": 0})


class Spread(unittest.TestCase):
    def test_each_role_spreads_over_nodes_and_zones(self):
        for _, labels, spec, manifest in pods(all_rendered()["minimal"]):
            if manifest["kind"] != "Deployment":
                self.assertNotIn("topologySpreadConstraints", spec)
                continue
            with self.subTest(manifest["metadata"]["name"]):
                constraints = spec["topologySpreadConstraints"]
                self.assertEqual([constraint["topologyKey"] for constraint in constraints],
                                 ["kubernetes.io/hostname", "topology.kubernetes.io/zone"])
                for constraint in constraints:
                    wanted = constraint["labelSelector"]["matchLabels"]
                    self.assertEqual(wanted, {key: labels[key] for key in wanted})
                    self.assertIn("app.kubernetes.io/component", wanted)

    def test_what_the_values_say_reaches_every_pod(self):
        for name, labels, spec, manifest in pods(all_rendered()["large"]):
            with self.subTest(name):
                self.assertEqual(spec["priorityClassName"], "identity")
                self.assertEqual(spec["nodeSelector"], {"pool": "identity"})
                self.assertEqual(spec["tolerations"][0]["key"], "pool")
                self.assertIn("nodeAffinity", spec["affinity"])
                self.assertEqual(labels["team"], "identity")
                template = manifest if manifest["kind"] == "Pod" else manifest["spec"]["template"]
                self.assertEqual(template["metadata"]["annotations"]["sidecar.istio.io/inject"], "false")


class Restarts(unittest.TestCase):
    """Settings are read once (R-33), so whatever changes them has to restart the pods that read them, and no others."""

    def changed_by(self, change, before=None):
        def annotations(values):
            return {deployment["metadata"]["name"]: deployment["spec"]["template"]["metadata"]["annotations"]
                    for deployment in render(values)["deployments.yaml"]}

        values = value_sets()["minimal"]
        before, after = annotations({**values, **(before or {})}), annotations({**values, **change})
        return {name for name in before if before[name] != after[name]}

    def test_a_schema_file_restarts_who_reads_it(self):
        one, other = ({"schemaFile": {"optionalProperties": [name]}} for name in ("locale", "timezone"))
        self.assertEqual(self.changed_by(one), {"scim-api", "scim-worker"})
        self.assertEqual(self.changed_by(other, before=one), {"scim-api", "scim-worker"})

    def test_the_restart_mark_restarts_all(self):
        self.assertEqual(self.changed_by({"restartMark": "1"}), {"scim-api", "scim-worker", "scim-events"})

    def test_a_setting_restarts_its_role(self):
        settings = value_sets()["minimal"]["settings"]
        worker = {**settings["worker"], "LEASE_SECONDS": 30}
        self.assertEqual(self.changed_by({"settings": {**settings, "worker": worker}}), {"scim-worker"})

    def test_another_number_of_pods_restarts_none(self):
        self.assertEqual(self.changed_by({"api": {"replicas": 5}}), set())


class Migration(unittest.TestCase):
    def test_it_runs_before_everything_else_and_brings_what_it_needs(self):
        manifests = all_rendered()["minimal"]
        job = one(manifests, "Job", "scim-migration")
        hooks = [one(manifests, kind, "scim-migration") for kind in ("ServiceAccount", "NetworkPolicy")]
        for hook in (job, *hooks):
            self.assertEqual(hook["metadata"]["annotations"]["helm.sh/hook"], "pre-install,pre-upgrade")
            self.assertIn("before-hook-creation", hook["metadata"]["annotations"]["helm.sh/hook-delete-policy"])
        for hook in hooks:
            self.assertLess(int(hook["metadata"]["annotations"]["helm.sh/hook-weight"]),
                            int(job["metadata"]["annotations"]["helm.sh/hook-weight"]))
        self.assertEqual(job["spec"]["template"]["spec"]["serviceAccountName"], "scim-migration")

    def test_it_reads_nothing_that_the_release_makes(self):
        """A hook runs before the release's own ConfigMaps are there."""
        for values_name, manifests in all_rendered().items():
            made = {manifest["metadata"]["name"] for manifest in of_kind(manifests, "ConfigMap")}
            for job in of_kind(manifests, "Job"):
                spec = job["spec"]["template"]["spec"]
                with self.subTest(values_name):
                    names = {name for _, name, _ in files_in(spec, spec["containers"][0]).values()}
                    self.assertEqual(names & made, set())

    def test_it_can_be_left_out(self):
        self.assertEqual(of_kind(all_rendered()["without-policies"], "Job"), [])


class Checks(unittest.TestCase):
    """`helm test` tries what the roles have, or it proves nothing."""

    def test_a_check_has_the_environment_and_the_files_of_its_role(self):
        for values_name, manifests in all_rendered().items():
            for check in of_kind(manifests, "Pod"):
                with self.subTest(values_name, check=check["metadata"]["name"]):
                    self.assertEqual(check["metadata"]["annotations"]["helm.sh/hook"], "test")
                    deployment = one(manifests, "Deployment", check["metadata"]["name"].removesuffix("-check"))
                    spec = deployment["spec"]["template"]["spec"]
                    for key in ("env", "volumeMounts", "image", "securityContext"):
                        self.assertEqual(check["spec"]["containers"][0].get(key), spec["containers"][0].get(key))
                    for key in ("volumes", "securityContext", "serviceAccountName"):
                        self.assertEqual(check["spec"].get(key), spec.get(key))


if __name__ == "__main__":
    unittest.main()
