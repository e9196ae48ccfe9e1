# SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
# SPDX-License-Identifier: Apache-2.0

"""The compose file: of the specification, with secrets in files, reached from this machine only."""

import os
import pathlib
import re
import shlex
import shutil
import subprocess
import tempfile
import unittest

import compose_spec
import yaml

import program
from rendered import ROOT, load_yaml

FILE = ROOT / "compose.yaml"
ROLES = ("api", "worker", "events")
OURS = (*ROLES, "migrate", "udm", "provisioning")


def substituted(value, environment):
    """`${NAME:-default}` as compose does it; `$$` is a dollar sign."""
    if isinstance(value, dict):
        return {key: substituted(entry, environment) for key, entry in value.items()}
    if isinstance(value, list):
        return [substituted(entry, environment) for entry in value]
    if not isinstance(value, str):
        return value
    pattern = r"\$\$|\$\{([A-Z_]+)(?::-([^}]*))?\}"
    return re.sub(pattern, lambda found: "$" if found[0] == "$$" else environment.get(found[1]) or found[2] or "", value)


def compose(environment=None):
    # Merge keys are part of YAML 1.1, which the loader reads; a key twice is refused outside of them.
    return substituted(yaml.safe_load(FILE.read_text()), environment or {})


def services(environment=None):
    return compose(environment)["services"]


class Compose(unittest.TestCase):
    def test_it_obeys_the_specification(self):
        parsed = compose_spec.PyCompose.from_yaml(yaml.safe_dump(compose()))
        parsed.validate()
        self.assertEqual(set(parsed.service_names()), {"postgresql", "redis", *OURS})

    def test_the_specification_is_really_asked(self):
        for wrong in ({"restart": "sometimes"}, {"read_only": "perhaps"}, {"secrets": ["unknown"]}, {"comand": ["serve"]}):
            document = compose()
            document["services"]["api"].update(wrong)
            with self.subTest(wrong), self.assertRaises(ValueError):
                compose_spec.PyCompose.from_yaml(yaml.safe_dump(document)).validate()

    def test_no_key_is_there_twice(self):
        load_yaml(FILE.read_text())

    def test_ports_are_on_this_machine_only_and_each_is_used_once(self):
        published = [port for service in services().values() for port in service.get("ports", [])]
        self.assertEqual(len(published), 4)
        for port in published:
            self.assertRegex(port, r"^127\.0\.0\.1:\d+:\d+$")
        self.assertEqual(len({port.split(":")[1] for port in published}), len(published))

    def test_nothing_writes_but_where_it_must(self):
        for name in (*OURS, "redis"):
            with self.subTest(name):
                service = services()[name]
                self.assertIs(service["read_only"], True)
                self.assertEqual(service["cap_drop"], ["ALL"])
                self.assertEqual(service["security_opt"], ["no-new-privileges:true"])
        for name, service in services().items():
            with self.subTest(name):
                for door in ("privileged", "cap_add", "pid", "ipc", "devices"):
                    self.assertNotIn(door, service)
                self.assertNotEqual(service.get("network_mode"), "host")
                for volume in service.get("volumes", []):
                    self.assertIn(volume.split(":")[0], compose()["volumes"])

    def test_every_variable_is_a_setting_and_no_secret(self):
        plain = {name.removesuffix("_FILE") for name in program.secret_settings()}
        for name in OURS:
            with self.subTest(name):
                variables = set(services()[name].get("environment", {}))
                self.assertEqual(variables - program.settings_of_sources(), set())
                self.assertEqual(variables & (plain | program.settings_not_in_this_version()), set())

    def test_settings_that_a_role_cannot_do_without_are_given(self):
        always = {"DATABASE_URL", "REDIS_URL"}
        needed = {
            "api": always | {"PASSWORD_KEY_FILE", "STATIC_TOKENS_FILE"},
            "worker": always | {"PASSWORD_KEY_FILE", "UDM_URL", "UDM_USERNAME", "UDM_PASSWORD_FILE"},
            "events": always | {"PUBLIC_URL", "PROVISIONING_URL", "PROVISIONING_USERNAME", "PROVISIONING_PASSWORD_FILE"},
            "migrate": {"DATABASE_URL"},
        }
        for name, settings in needed.items():
            with self.subTest(name):
                self.assertEqual(settings - set(services()[name]["environment"]), set())

    def test_settings_that_processes_share_are_the_same(self):
        page = program.SETTINGS_PAGE.read_text()
        shared = [name for name in program.settings_of_page() if re.search(rf"\| `{name}` .*the same for all processes", page)]
        self.assertIn("UDM_USERNAME_RULE", shared)
        for name in shared:
            values = {role: services()[role]["environment"].get(name) for role in ("api", "worker")}
            if name == "EVENTS_SINKS":
                continue
            with self.subTest(name):
                self.assertEqual(len(set(values.values())), 1, values)

    def test_secrets_are_files_that_are_mounted_where_they_are_read(self):
        document = compose()
        for name, service in document["services"].items():
            with self.subTest(name):
                text = str(service.get("environment", {})) + str(service.get("command", "")) + str(service.get("healthcheck", ""))
                read = set(re.findall(r"/run/secrets/([a-z-]+)", text))
                self.assertEqual(read - set(service.get("secrets", [])), set())
                self.assertLessEqual(set(service.get("secrets", [])), set(document["secrets"]))
                # What is mounted is read, but for what a one-shot has no use for.
                self.assertEqual(set(service.get("secrets", [])) - read, set())
        for name, secret in document["secrets"].items():
            self.assertEqual(secret, {"file": f".compose/secrets/{name}"})
        self.assertIn(".compose", (ROOT / ".gitignore").read_text().split())

    def test_commands_are_those_of_the_program(self):
        for name in OURS:
            with self.subTest(name):
                command = services()[name]["command"]
                self.assertIn(command[0], program.commands())
                if name in ROLES:
                    self.assertEqual(command, ["serve", "--roles", name])
                if command[0] == "double":
                    text = (program.SOURCES / "Commands" / "DoubleCommand.swift").read_text()
                    declared = {re.sub("[A-Z]", lambda letter: "-" + letter[0].lower(), found)
                                for found in re.findall(r"@Option\(help: .*?\)\s+var (\w+)", text)}
                    self.assertIn(f'commandName: "{command[1]}"', text)
                    self.assertLessEqual({option[2:].split("=")[0] for option in command[2:]}, declared)

    def test_doubles_are_reached_where_they_listen(self):
        """They listen on loopback, so a role has to be in the network of its double."""
        for role, double, variable in (("worker", "udm", "UDM_URL"), ("events", "provisioning", "PROVISIONING_URL")):
            with self.subTest(role):
                service = services()[role]
                self.assertEqual(service["network_mode"], f"service:{double}")
                # Docker refuses both of these with it.
                self.assertNotIn("ports", service)
                self.assertNotIn("networks", service)
                options = dict(option[2:].split("=") for option in services()[double]["command"][2:])
                self.assertIn(f"http://127.0.0.1:{options['port']}", service["environment"][variable])
                user = service["environment"][variable.replace("_URL", "_USERNAME")]
                self.assertEqual(user, options["username"])
                self.assertEqual(options["password-file"], service["environment"][variable.replace("_URL", "_PASSWORD_FILE")])
                self.assertIn(f":{options['port']}/", services()[double]["healthcheck"]["test"][-1])

    def test_redis_never_evicts(self):
        command = services()["redis"]["command"][-1]
        self.assertIn("--maxmemory-policy noeviction", command)
        self.assertIn("--appendonly yes", command)
        self.assertIn('"$(cat /run/secrets/redis-password)"', command)

    @unittest.skipUnless(shutil.which("redis-server"), "redis-server is not installed")
    def test_redis_starts_with_that_command_and_asks_for_the_password(self):
        script = services()["redis"]["command"][-1]
        check = services()["redis"]["healthcheck"]["test"][-1]
        with tempfile.TemporaryDirectory() as folder:
            secret = pathlib.Path(folder, "redis-password")
            secret.write_text("0123abcd\n")
            socket = pathlib.Path(folder, "socket")

            def here(text):
                text = text.replace("/run/secrets/redis-password", str(secret)).replace("/tmp/redis.conf", f"{folder}/redis.conf")
                return text.replace("redis-cli", f"redis-cli -s {socket}")

            server = subprocess.Popen(
                ["sh", "-c", here(script) + f" --port 0 --unixsocket {socket} --dir {folder} --save '' --daemonize no"],
                stdout=subprocess.PIPE, text=True)
            try:
                for line in server.stdout:
                    if "Ready to accept connections" in line or "ready to accept connections" in line:
                        break
                self.assertEqual(subprocess.run(["sh", "-c", here(check)], check=False).returncode, 0)
                without = subprocess.run(["redis-cli", "-s", str(socket), "ping"], capture_output=True, text=True, check=False)
                self.assertIn("NOAUTH", without.stdout)
                asked = subprocess.run(["redis-cli", "-s", str(socket), "config", "get", "maxmemory-policy"], capture_output=True, text=True,
                                       check=False, env={**os.environ, "REDISCLI_AUTH": "0123abcd"})
                self.assertIn("noeviction", asked.stdout)
            finally:
                server.terminate()
                server.wait(timeout=30)
                server.stdout.close()

    def test_health_is_asked_by_the_program(self):
        checks = [service["healthcheck"]["test"] for name, service in services().items()
                  if name in OURS and "test" in service.get("healthcheck", {})]
        self.assertEqual(len(checks), 2)
        for check in checks:
            self.assertEqual(check[:3], ["CMD", "scim-bridge", "health"])
        for name in ROLES:
            # The image's, which asks the operators' port.
            self.assertNotIn("healthcheck", services()[name])
            self.assertEqual(services()[name]["environment"]["OPS_ADDRESS"], "0.0.0.0:9090")
        self.assertEqual(services()["migrate"]["healthcheck"], {"disable": True})

    def test_order_of_starting(self):
        def condition(name, on):
            return services()[name]["depends_on"][on]["condition"]

        self.assertEqual(condition("migrate", "postgresql"), "service_healthy")
        self.assertEqual(services()["migrate"]["restart"], "no")
        for role in ROLES:
            self.assertEqual(condition(role, "migrate"), "service_completed_successfully")
            self.assertEqual(condition(role, "redis"), "service_healthy")
        # What somebody waits for can be healthy at all.
        for name in ("postgresql", "redis", "udm", "provisioning"):
            self.assertIn("test", services()[name]["healthcheck"])

    def test_there_is_time_to_stop(self):
        for name in ROLES:
            self.assertGreaterEqual(int(services()[name]["stop_grace_period"].removesuffix("s")), program.seconds_to_stop())

    def test_real_systems_take_the_place_of_the_doubles(self):
        worker = services({"UDM_URL": "https://dc.example.org/univention/udm/", "UDM_USERNAME": "svc"})["worker"]["environment"]
        self.assertEqual((worker["UDM_URL"], worker["UDM_USERNAME"]), ("https://dc.example.org/univention/udm/", "svc"))
        events = services({"PROVISIONING_URL": "https://provisioning.example.org"})["events"]["environment"]
        self.assertEqual(events["PROVISIONING_URL"], "https://provisioning.example.org")


class Prepare(unittest.TestCase):
    """packaging/compose/prepare.sh, with a docker that only notes what it was asked."""

    def run_it(self, folder, *arguments):
        script = pathlib.Path(folder, "packaging", "compose", "prepare.sh")
        if not script.exists():
            script.parent.mkdir(parents=True)
            shutil.copy(ROOT / "packaging" / "compose" / "prepare.sh", script)
            docker = pathlib.Path(folder, "bin", "docker")
            docker.parent.mkdir()
            docker.write_text(
                "#!/bin/sh\necho \"$@\" >>" + shlex.quote(f"{folder}/asked") + "\n"
                "case \"$1\" in run) echo 'a line' >.compose/secrets/tokens; echo the-token ;; esac\n")
            docker.chmod(0o755)
        return subprocess.run([str(script), *arguments], capture_output=True, text=True, check=False,
                              env={**os.environ, "PATH": f"{folder}/bin:{os.environ['PATH']}"})

    def test_it_makes_every_secret_that_the_file_mounts_once(self):
        with tempfile.TemporaryDirectory() as folder:
            first = self.run_it(folder)
            self.assertEqual(first.returncode, 0, first.stderr)
            self.assertIn("the-token", first.stdout)
            secrets = pathlib.Path(folder, ".compose", "secrets")
            self.assertEqual({path.name for path in secrets.iterdir()}, set(compose()["secrets"]))
            # The folder keeps others out; the containers' user has to read the files.
            self.assertEqual(secrets.stat().st_mode & 0o777, 0o700)
            content = {}
            for path in secrets.iterdir():
                self.assertEqual(path.stat().st_mode & 0o044, 0o044)
                content[path.name] = path.read_text()
                self.assertTrue(content[path.name].strip())
            self.assertEqual(len(set(content.values())), len(content))
            asked = pathlib.Path(folder, "asked").read_text()
            self.assertIn("token create --client demo --file /secrets/tokens", asked)

            second = self.run_it(folder)
            self.assertEqual(second.returncode, 0, second.stderr)
            self.assertEqual({path.name: path.read_text() for path in secrets.iterdir()}, content)
            self.assertEqual(pathlib.Path(folder, "asked").read_text(), asked)

    def test_it_refuses_a_client_that_is_none(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(self.run_it(folder, "a; b").returncode, 64)


if __name__ == "__main__":
    unittest.main()
