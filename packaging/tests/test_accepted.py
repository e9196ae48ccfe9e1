# SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
# SPDX-License-Identifier: Apache-2.0

"""The program itself accepts the settings that the chart, the compose file and the units hand it.

`scim-bridge check-config` reads the same environment and the same files, with every address moved to a closed port of this machine. Then it
says that nobody answers there, and must have nothing else to say. Needs a build, in .build or where SCIM_BRIDGE says.
"""

import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import test_compose
import test_systemd
from program import built
from rendered import ROOT, all_rendered, of_kind, value_sets

ROLES = ("api", "worker", "events")
AWAY = re.compile(r"configuration: (PostgreSQL|Redis|UDM|Provisioning|Webhook|Redis stream): ")


def moved(url):
    """To port 1, which nobody listens on. What was on this machine stays so, and what was elsewhere still counts as elsewhere: 0.0.0.0."""
    found = re.fullmatch(r"([a-z]+://(?:[^@/?]*@)?)([^/?#]*)(.*)", url)
    return "{}{}:1{}".format(found[1], "127.0.0.1" if found[2].startswith("127.0.0.1") else "0.0.0.0", found[3])


@unittest.skipUnless(built(), "nothing is built")
class Accepted(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)

        def openssl(*arguments):
            return subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=True).stdout

        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "2",
                "-keyout", str(cls.folder / "key.pem"), "-out", str(cls.folder / "certificate.pem"))
        (cls.folder / "password").write_text("secret\n")
        (cls.folder / "password-key").write_text(openssl("rand", "-base64", "32"))
        (cls.folder / "webhook-secret").write_text("whsec_" + openssl("rand", "-base64", "32"))
        tokens = cls.folder / "tokens"
        subprocess.run([built(), "token", "create", "--client", "test", "--file", str(tokens)], capture_output=True, check=True)

    def file_for(self, variable):
        special = {"PASSWORD_KEY_FILE": "password-key", "WEBHOOK_SECRET_FILE": "webhook-secret", "STATIC_TOKENS_FILE": "tokens",
                   "SCHEMA_FILE": "schema.json"}
        if variable in special:
            name = special[variable]
        elif variable.endswith(("_CA_FILE", "_CERTIFICATE_FILE")):
            name = "certificate.pem"
        else:
            name = "key.pem" if variable.endswith("_KEY_FILE") else "password"
        return str(self.folder / name)

    def check(self, environment, role, unread=frozenset()):
        """Asserts that the role accepts all of it, and reads all of it but `unread`."""
        given = {}
        for name, value in environment.items():
            if name.endswith("_FILE"):
                value = self.file_for(name)
            elif name.endswith("_URL") and name != "PUBLIC_URL":
                value = moved(value)
            given[name] = value
        done = subprocess.run([built(), "check-config", "--roles", role], capture_output=True, text=True, check=False, timeout=60,
                              env={"PATH": os.environ["PATH"], "SCHEMA_FOLDER": str(ROOT / "schema"), **given})
        problems = [line for line in done.stderr.splitlines() if not AWAY.match(line)]
        self.assertEqual(problems, [])
        # It did get as far as looking for others.
        self.assertIn("configuration: PostgreSQL: ", done.stderr)
        shown = set(re.findall(r"^([A-Z][A-Z0-9_]+)=", done.stdout, re.MULTILINE))
        self.assertEqual(set(given) - shown - unread, set())

    def test_what_the_chart_hands_to_each_role(self):
        for values_name, manifests in all_rendered().items():
            for schema in of_kind(manifests, "ConfigMap"):
                if "schema.json" in schema["data"]:
                    (self.folder / "schema.json").write_text(schema["data"]["schema.json"])
            for pod in of_kind(manifests, "Pod"):
                (container,) = pod["spec"]["containers"]
                role = container["args"][-1]
                with self.subTest(values_name, role=role):
                    # What is common to all roles is not for each of them; nor does check-config listen or log.
                    unread = {"PUBLIC_URL", "UDM_USERNAME_RULE", "MAIL_DOMAINS", "PASSWORD_LENGTH_MIN"}
                    self.check({entry["name"]: entry["value"] for entry in container["env"]}, role, unread)
        self.assertGreaterEqual(len(value_sets()), 12)

    def test_what_compose_hands_to_each_role(self):
        for role in ROLES:
            with self.subTest(role):
                self.check(test_compose.services()[role]["environment"], role, {"PUBLIC_URL"})

    def test_what_systemd_hands_to_each_role(self):
        settings = (ROOT / "packaging" / "systemd" / "settings.example").read_text()
        common = dict(re.findall(r"^([A-Z][A-Z0-9_]+)=(.*)$", settings, re.MULTILINE))
        for role in ROLES:
            with self.subTest(role):
                own = dict(value.split("=", 1) for value in test_systemd.values(role, "Environment"))
                self.check({**common, **own}, role, set(common))

    def test_a_setting_that_is_wrong_is_heard_of(self):
        environment = {**test_compose.services()["worker"]["environment"], "UDM_TIMEOUT": "soon"}
        with self.assertRaisesRegex(AssertionError, "UDM_TIMEOUT must be a length of time"):
            self.check(environment, "worker", {"PUBLIC_URL"})


if __name__ == "__main__":
    unittest.main()
