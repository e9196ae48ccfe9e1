# SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
# SPDX-License-Identifier: Apache-2.0

"""The systemd units: verified by systemd itself, hardened, with the program's own names."""

import os
import pathlib
import re
import shutil
import stat
import subprocess
import tempfile
import unittest

import program
from rendered import ROOT

UNITS = ROOT / "packaging" / "systemd"
ROLES = ("api", "worker", "events")


def lines(path):
    """(section, key, value)."""
    section = None
    for line in path.read_text().splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            yield section, key, value


def values(role, key):
    """Of the template, the folder of all roles and the role's own."""
    folders = (UNITS / "scim-bridge@.service.d", UNITS / f"scim-bridge@{role}.service.d")
    files = [UNITS / "scim-bridge@.service", *(path for folder in folders for path in sorted(folder.glob("*.conf")))]
    return [value for path in files for _, found, value in lines(path) if found == key]


def one(role, key):
    (value,) = values(role, key)
    return value


@unittest.skipUnless(shutil.which("systemd-analyze"), "systemd is not installed")
class Verified(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        shutil.copytree(UNITS, self.folder.name, dirs_exist_ok=True)
        # The program has to be there, or there is nothing else to hear.
        fake = pathlib.Path(self.folder.name, "scim-bridge")
        fake.write_text("#!/bin/sh\n")
        fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
        for path in pathlib.Path(self.folder.name).rglob("*.service"):
            path.write_text(path.read_text().replace("/usr/bin/scim-bridge", str(fake)))

    def analyze(self, *arguments):
        # The colon leaves the system's own units where they are.
        environment = {**os.environ, "SYSTEMD_UNIT_PATH": f"{self.folder.name}:"}
        return subprocess.run(["systemd-analyze", "--no-pager", *arguments], capture_output=True, text=True, check=False, env=environment)

    def test_systemd_understands_every_line(self):
        for unit in (*(f"scim-bridge@{role}.service" for role in ROLES), "scim-bridge.target"):
            with self.subTest(unit):
                done = self.analyze("verify", "--man=no", unit)
                self.assertEqual((done.stdout + done.stderr, done.returncode), ("", 0))

    def test_systemd_is_really_asked(self):
        path = pathlib.Path(self.folder.name, "scim-bridge@.service")
        path.write_text(path.read_text().replace("NoNewPrivileges", "NoNewPrivilages"))
        self.assertIn("NoNewPrivilages", self.analyze("verify", "--man=no", "scim-bridge@api.service").stderr)

    def test_the_exposure_is_as_low_as_a_network_service_gets(self):
        for role in ROLES:
            with self.subTest(role):
                # In tenths: what remains is the network itself.
                done = self.analyze("security", "--offline=true", "--threshold=15", f"scim-bridge@{role}.service")
                self.assertEqual(done.returncode, 0, done.stdout.splitlines()[-1:])


class Units(unittest.TestCase):
    def test_every_role_has_its_folder_and_the_target_starts_it(self):
        folders = {path.name for path in UNITS.iterdir() if path.is_dir()}
        self.assertEqual(folders, {f"scim-bridge@{role}.service.d" for role in ("", *program.roles())})
        (wanted,) = [value for _, key, value in lines(UNITS / "scim-bridge.target") if key == "Wants"]
        self.assertEqual(set(wanted.split()), {f"scim-bridge@{role}.service" for role in program.roles()})

    def test_commands_are_those_of_the_program(self):
        self.assertEqual(one("api", "ExecStart"), "/usr/bin/scim-bridge serve --roles %i")
        self.assertEqual(one("api", "ExecStartPre"), "/usr/bin/scim-bridge migrate")
        self.assertLessEqual({"serve", "migrate"}, program.commands())

    def test_secrets_are_handed_over_as_credentials(self):
        for role in ROLES:
            with self.subTest(role):
                credentials = dict(value.split(":", 1) for value in values(role, "LoadCredential"))
                for name, path in credentials.items():
                    self.assertEqual(path, f"/etc/scim-bridge/secrets/{name}")
                variables = dict(value.split("=", 1) for value in values(role, "Environment"))
                files = {name: path for name, path in variables.items() if name.endswith("_FILE")}
                self.assertEqual(sorted(files.values()), sorted(f"%d/{name}" for name in credentials))

    def test_variables_are_settings_and_no_secrets(self):
        plain = {name.removesuffix("_FILE") for name in program.secret_settings()}
        example = {line.lstrip("# ").partition("=")[0] for line in (UNITS / "settings.example").read_text().splitlines()
                   if re.match(r"(# )?[A-Z][A-Z_]+=", line)}
        self.assertGreaterEqual(len(example), 8)
        for role in ROLES:
            names = [value.partition("=")[0] for value in values(role, "Environment")]
            self.assertEqual(len(names), len(set(names)))
            example |= set(names)
        self.assertEqual(example - program.settings_of_sources(), set())
        self.assertEqual(example & (plain | program.settings_not_in_this_version()), set())

    def test_a_role_has_what_it_cannot_do_without(self):
        given = {line.partition("=")[0] for line in (UNITS / "settings.example").read_text().splitlines() if re.match(r"[A-Z_]+=", line)}
        needed = {
            "api": {"PASSWORD_KEY_FILE", "STATIC_TOKENS_FILE"},
            "worker": {"PASSWORD_KEY_FILE", "UDM_URL", "UDM_USERNAME", "UDM_PASSWORD_FILE"},
            "events": {"PUBLIC_URL", "PROVISIONING_URL", "PROVISIONING_USERNAME", "PROVISIONING_PASSWORD_FILE"},
        }
        for role, settings in needed.items():
            with self.subTest(role):
                names = given | {value.partition("=")[0] for value in values(role, "Environment")}
                self.assertEqual((settings | {"DATABASE_URL", "REDIS_URL"}) - names, set())

    def test_roles_of_one_machine_do_not_share_a_port(self):
        ports = [program.settings_of_page()["OPS_ADDRESS"]]
        for role in ("worker", "events"):
            ports += [value.partition("=")[2] for value in values(role, "Environment") if value.startswith("OPS_ADDRESS=")]
        self.assertEqual(len(set(ports)), 3)
        for port in ports:
            self.assertRegex(port, r"^127\.0\.0\.1:\d+$")

    def test_it_comes_back_unless_its_configuration_is_broken(self):
        self.assertEqual(one("api", "Restart"), "always")
        text = (program.SOURCES / "ScimBridge.swift").read_text()
        status = re.search(r"static let configuration: Int32 = (\d+)", text)[1]
        self.assertEqual(one("api", "RestartPreventExitStatus"), status)
        self.assertEqual(one("api", "StartLimitIntervalSec"), "0")

    def test_there_is_time_to_stop(self):
        self.assertGreaterEqual(int(one("api", "TimeoutStopSec").removesuffix("s")), program.seconds_to_stop())

    def test_it_may_do_nothing_but_its_work(self):
        for key, value in {
            "DynamicUser": "yes", "NoNewPrivileges": "yes", "ProtectSystem": "strict", "ProtectHome": "yes", "PrivateTmp": "yes",
            "PrivateDevices": "yes", "CapabilityBoundingSet": "", "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX",
            "MemoryDenyWriteExecute": "yes", "SystemCallArchitectures": "native",
        }.items():
            with self.subTest(key):
                self.assertEqual(one("worker", key), value)
        for key in ("ReadWritePaths", "StateDirectory", "User"):
            self.assertEqual(values("worker", key), [])


if __name__ == "__main__":
    unittest.main()
