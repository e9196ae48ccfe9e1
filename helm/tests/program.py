# SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
# SPDX-License-Identifier: Apache-2.0

"""What the program says about itself, read from its sources and its documentation."""

import functools
import os
import re

from rendered import ROOT

SETTINGS_PAGE = ROOT / "docs" / "operating" / "settings.md"
SOURCES = ROOT / "Sources" / "scim-bridge"


@functools.lru_cache
def settings_of_sources():
    text = (SOURCES / "Configuration" / "SettingName.swift").read_text()
    names = set(re.findall(r'"([A-Z][A-Z0-9_]+)"', text))
    if not {"DATABASE_URL", "UDM_PASSWORD_FILE"} <= names:
        raise AssertionError("SettingName.swift does not look as it did")
    return names


@functools.lru_cache
def secret_settings():
    text = (SOURCES / "Configuration" / "SettingName.swift").read_text()
    return set(re.findall(r'"([A-Z0-9_]+_FILE)"', text.split("static let secrets", 1)[1]))


def settings_of_page():
    """Name -> default as the page shows it, None without one."""
    settings = {}
    for line in SETTINGS_PAGE.read_text().splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) < 5 or not cells[1].startswith("`"):
            continue
        default = re.fullmatch(r"`([^`]*)`", cells[2])
        for name in re.findall(r"`([A-Z][A-Z0-9_]+)`", cells[1]):
            settings[name] = default[1] if default else None
    return settings


def settings_not_in_this_version():
    text = (SOURCES / "Configuration" / "BridgeConfiguration+Reading.swift").read_text()
    body = text.split("func refuseWhatIsNotHere", 1)[1].split("where reader.optional", 1)[0]
    return set(re.findall(r'"([A-Z0-9_]+)"', body))


@functools.lru_cache
def commands():
    """The subcommands that `scim-bridge` has."""
    text = (SOURCES / "ScimBridge.swift").read_text()
    types = re.findall(r"(\w+Command)\.self", text)
    names = set()
    for path in SOURCES.rglob("*Command.swift"):
        if path.stem in types:
            names.add(re.search(r'commandName: "([a-z-]+)"', path.read_text())[1])
    if len(names) != len(types):
        raise AssertionError(f"{len(types)} commands, {len(names)} names")
    return names


def roles():
    text = (SOURCES / "Commands" / "ServeCommand.swift").read_text()
    return set(re.search(r'var roles = "([a-z,]+)"', text)[1].split(","))


def seconds_to_stop():
    """How long running.md says a process needs to stop."""
    text = (ROOT / "docs" / "operating" / "running.md").read_text()
    return int(re.search(r"Give the process (\d+) s before it is killed", text)[1])


def health_paths():
    text = (ROOT / "Sources" / "Operations" / "OperationsServer.swift").read_text()
    return {"/" + path for path in re.findall(r'"/?(health/[a-z]+)"', text)}


def metrics_of_page():
    return set(re.findall(r"\b(?:scim|udm|process)_[a-z0-9_]+", (ROOT / "docs" / "operating" / "metrics.md").read_text()))


def built():
    """The program itself, from .build or where SCIM_BRIDGE says; None before the first build."""
    if path := os.environ.get("SCIM_BRIDGE"):
        return path
    found = [path for name in ("release", "debug") if os.access(path := ROOT / ".build" / name / "scim-bridge", os.X_OK)]
    # An older one may not know what is new.
    return str(max(found, key=lambda path: path.stat().st_mtime)) if found else None
