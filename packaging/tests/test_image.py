# SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
# SPDX-License-Identifier: Apache-2.0

"""The image: linted, its files there, its libraries those that the program links."""

import fnmatch
import json
import pathlib
import re
import shutil
import subprocess
import unittest

import program
from rendered import CHART, ROOT, load_yaml

DOCKERFILE = ROOT / "Dockerfile"


def instructions():
    """(stage, keyword, arguments) with continuation lines joined and comments gone."""
    lines = [line for line in DOCKERFILE.read_text().splitlines() if not line.lstrip().startswith("#")]
    stage = -1
    for line in re.sub(r"\\\n", " ", "\n".join(lines)).splitlines():
        if line.strip():
            keyword, _, arguments = line.strip().partition(" ")
            stage += keyword == "FROM"
            yield stage, keyword, arguments.strip()


def of(keyword, stage=1):
    return [arguments for found_stage, found, arguments in instructions() if found == keyword and found_stage == stage]


def installed_in_image():
    text = " ".join(of("RUN"))
    packages = re.search(r"apt-get install -y --no-install-recommends\s+([a-z0-9. +-]+?)\s+&&", text)[1]
    return set(packages.split())


class Image(unittest.TestCase):
    def test_hadolint_finds_nothing(self):
        done = subprocess.run(["hadolint", "--no-color", str(DOCKERFILE)], capture_output=True, text=True, check=False)
        self.assertEqual(done.stdout + done.stderr, "")
        self.assertEqual(done.returncode, 0)

    def test_the_toolchain_stays_behind(self):
        bases = [arguments for _, keyword, arguments in instructions() if keyword == "FROM"]
        self.assertEqual(bases, ["swift:6.3-bookworm AS build", "debian:bookworm-slim"])
        self.assertIn("--static-swift-stdlib", " ".join(of("RUN", 0)))
        self.assertEqual(of("COPY"), ["--from=build /install/ /"])

    def test_nobody_is_root_and_the_user_is_a_number(self):
        """Kubernetes can check runAsNonRoot of a number only."""
        self.assertEqual(of("USER"), ["1000:1000"])
        values = load_yaml((CHART / "values.yaml").read_text())["podSecurity"]
        self.assertEqual((values["runAsUser"], values["runAsGroup"]), (1000, 1000))

    def test_its_commands_are_those_of_the_program(self):
        self.assertEqual(json.loads(of("ENTRYPOINT")[0]), ["scim-bridge"])
        command = json.loads(of("CMD")[0])
        self.assertIn(command[0], program.commands())
        self.assertEqual(set(command[2].split(",")), program.roles())
        self.assertEqual(json.loads(of("HEALTHCHECK")[0].partition("CMD ")[2]), ["scim-bridge", "health"])

    def test_health_is_a_command_of_the_program(self):
        self.assertIn("health", program.commands())

    def test_ports_are_those_of_the_settings_page(self):
        page = program.settings_of_page()
        ports = {page[name].rpartition(":")[2] for name in ("HTTP_ADDRESS", "OPS_ADDRESS")}
        self.assertEqual(set(of("EXPOSE")[0].split()), ports)

    def test_migrations_lie_where_the_program_looks(self):
        text = (ROOT / "Sources" / "scim-bridge" / "Configuration" / "BridgeConfiguration+Reading.swift").read_text()
        self.assertIn('"share/scim-bridge/schema"', text)
        self.assertIn("cp -R schema /install/usr/share/scim-bridge/schema", " ".join(of("RUN", 0)))
        self.assertIn("/install/usr/bin/scim-bridge", " ".join(of("RUN", 0)))

    def test_labels_say_what_it_is(self):
        labels = dict(re.findall(r'org\.opencontainers\.image\.([a-z.]+)="([^"]*)"', of("LABEL")[0]))
        self.assertLessEqual({"title", "description", "licenses", "version", "revision", "base.name"}, set(labels))
        self.assertEqual(labels["licenses"], "Apache-2.0")
        version = re.search(r'static let text = "([^"]+)"', (ROOT / "Sources" / "scim-bridge" / "ScimBridge.swift").read_text())[1]
        self.assertIn(f"VERSION={version}", of("ARG"))
        self.assertEqual(load_yaml((CHART / "Chart.yaml").read_text())["appVersion"], version)

    def test_it_has_the_libraries_that_the_manifest_links(self):
        """As packages: the C libraries of Package.swift without -dev."""
        manifest = (ROOT / "Package.swift").read_text()
        developed = set(re.findall(r'\.apt\(\["([a-z0-9-]+)-dev"\]\)', manifest))
        self.assertGreaterEqual(len(developed), 2)
        for library in developed:
            with self.subTest(library):
                self.assertTrue(any(name.startswith(library) for name in installed_in_image()))
                self.assertIn(f"{library}-dev", " ".join(of("RUN", 0)))

    @unittest.skipUnless(program.built(), "nothing is built")
    @unittest.skipUnless(shutil.which("readelf") and shutil.which("dpkg-query"), "needs binutils on Debian")
    def test_it_has_the_libraries_that_a_build_needs(self):
        dynamic = subprocess.run(["readelf", "--dynamic", program.built()], capture_output=True, text=True, check=True).stdout
        libraries = re.findall(r"\(NEEDED\).*\[(.+)\]", dynamic)
        # Swift's own become part of the program.
        libraries = [name for name in libraries if not re.match(r"lib(swift|Foundation|_Foundation|dispatch|BlocksRuntime)", name)]
        self.assertGreaterEqual(len(libraries), 3)
        # Of every Debian.
        always = {"libc6", "libgcc-s1"}
        for library in libraries:
            with self.subTest(library):
                owners = subprocess.run(["dpkg-query", "--search", f"*/{library}"], capture_output=True, text=True, check=True).stdout
                packages = {line.split(":")[0] for line in owners.splitlines()}
                self.assertTrue(packages & (installed_in_image() | always), f"{library} is in {packages}")

    def test_what_the_build_copies_is_sent_and_nothing_else_is(self):
        patterns = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]

        def sent(path):
            """The last pattern that matches the path, or a folder above it, decides."""
            is_sent = True
            for pattern in patterns:
                keeps = pattern.startswith("!")
                wanted = pattern.removeprefix("!").removeprefix("**/")
                names = [str(parent) for parent in (pathlib.PurePath(path), *pathlib.PurePath(path).parents)][:-1]
                if any(fnmatch.fnmatch(name, wanted) or "**/" in pattern and fnmatch.fnmatch(pathlib.PurePath(name).name, wanted) for name in names):
                    is_sent = keeps
            return is_sent

        for path in ("Package.swift", "Sources/JSON/JSONValue.swift", "Tests/Fixtures/scim/patch-user.json", "bench/scim-bench/Main.swift",
                     "schema/0001_resources.up.sql", "LICENSE"):
            self.assertTrue(sent(path), path)
        for path in (".git/config", ".scim-bridge/secrets/token", ".compose/secrets/tokens", ".build/debug/scim-bridge", "bench/results/a.json",
                     "helm/scim-bridge/values.yaml", "docs/README.md", ".chart/installed", "password-key"):
            self.assertFalse(sent(path), path)


if __name__ == "__main__":
    unittest.main()
