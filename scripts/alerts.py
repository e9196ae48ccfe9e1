# SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
# SPDX-License-Identifier: Apache-2.0
"""Compares the rules and the dashboard with what a real Prometheus has scraped of a running `scim-bridge dev`; see alerts.sh."""

import argparse
import json
import re
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

# Queries of the dashboard that may be empty while all is well: a mean of nothing.
MAY_BE_EMPTY = {"Pools: mean wait", "Jobs that end in a second, and time to drain"}
NAME = re.compile(r"\b(?:scim|udm|process|mapping)_[a-z0-9_]+")


def compared(expression):
    """What an expression compares, which must be there while nothing is wrong: one query for each side of `or`.

    With `bool` a comparison gives 0 or 1 instead of leaving out what it does not hold for, and gives nothing when one of its sides has no data.
    What `absent` looks for has to be present. A Prometheus that has just begun knows nothing of a quarter of an hour ago.
    """
    quoted = r'"(?:[^"\\]|\\.)*"'
    outside = re.sub(r"\babsent\(", "(", re.sub(r"\s+offset\s+\w+", "", expression))
    # Matchers and ranges stay as they are.
    pieces = re.findall(rf"\{{(?:{quoted}|[^}}])*\}}|\[[^]]*\]|{quoted}|[=!<>]=|[<>]|\bor\b|\(|\)|[^\S\n]+|\w+|.", outside)
    queries, depth = [""], 0
    for piece in pieces:
        depth += (piece == "(") - (piece == ")")
        if piece == "or" and depth == 0:
            queries.append("")
        else:
            queries[-1] += f"{piece} bool" if re.fullmatch(r"[=!<>]=|[<>]", piece) else piece
    return [query.strip() for query in queries]


options = argparse.ArgumentParser()
for option in ("bridge", "folder", "scim", "operations", "prometheus", "dashboard"):
    options.add_argument(f"--{option}", required=True)
options = options.parse_args()
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def get(url):
    with opener.open(url, timeout=10) as answer:
        return answer.read().decode()


def api(path, **parameters):
    query = urllib.parse.urlencode(parameters)
    try:
        return json.loads(get(f"{options.prometheus}/api/v1/{path}?{query}"))["data"]
    except urllib.error.HTTPError as error:
        raise SystemExit(f"alerts: Prometheus refuses {parameters}: {error.read().decode()}")


def wait(what, condition):
    """The time limit is that of alerts.sh."""
    while True:
        try:
            value = condition()
            if value:
                return value
        except (OSError, KeyError, ValueError):
            pass
        if sys.stdout.isatty():
            print(f"alerts: waiting until {what} ...", end="\r", flush=True)
        time.sleep(0.5)


def scim(method, path, body=None):
    token = open(f"{options.folder}/secrets/token").read().strip()
    request = urllib.request.Request(
        f"{options.scim}/{path}", method=method, data=json.dumps(body).encode() if body else None,
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/scim+json"})
    try:
        with opener.open(request, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def dev(*arguments):
    subprocess.run(
        [options.bridge, "dev", *arguments, "--folder", options.folder], check=True, stdout=subprocess.DEVNULL)


def value(query):
    result = api("query", query=query)["result"]
    return float(result[0]["value"][1]) if result else None


# What a healthy process would never have: a write that waits, a request that fails.
wait("dev serves", lambda: scim("GET", "ServiceProviderConfig") == 200)
subprocess.run([options.bridge, "health", "--url", f"{options.operations}/health/ready"], check=True)
dev("stop", "udm")
user = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "jroe",
    "name": {"givenName": "Jo", "familyName": "Roe"}}
assert scim("POST", "Users", user) == 201
assert scim("GET", "Users/00000000-0000-4000-8000-000000000000") == 404
wait("the open job is counted", lambda: (value("sum(scim_tenant_open_jobs)") or 0) > 0)
dev("start", "udm")
wait("the write is in UDM", lambda: value("sum(scim_jobs_open)") == 0 and value("sum(scim_events_sent_total)"))
wait("the resources are counted", lambda: value("sum(scim_objects)") is not None)

text = get(f"{options.operations}/metrics")
kinds = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M))
helps = set(re.findall(r"^# HELP (\S+) \S", text, re.M))
samples = set(re.findall(r"^([a-z_:][a-z0-9_:]*)(?:\{| )", text, re.M))
problems = []


def family(name):
    base = re.sub(r"_(bucket|sum|count)$", "", name)
    return base if kinds.get(base) == "histogram" else name


for name in sorted(samples):
    if family(name) not in kinds or family(name) not in helps:
        problems.append(f"{name} is scraped without HELP or TYPE")
    if re.search(r"_total$", name) and kinds.get(family(name)) != "counter":
        problems.append(f"{name} is no counter")
documented = set(re.findall(r"`([a-z_]+?)(?:\{[a-z_,]*\})?`", open("docs/operating/metrics.md").read()))
for name in sorted(kinds):
    if NAME.fullmatch(name) and name not in documented:
        problems.append(f"{name} is scraped but not in docs/operating/metrics.md")

# A rule is evaluated every second; "unknown" is one whose turn has not come yet.
groups = wait(
    "the rules are evaluated",
    lambda: (lambda groups: groups if all(r["health"] != "unknown" for g in groups for r in g["rules"]) else None)(
        api("rules")["groups"]))
queries = []
behind = []
for group in groups:
    for rule in group["rules"]:
        if rule["health"] != "ok":
            problems.append(f"{rule['name']}: {rule.get('lastError')}")
        queries.append((rule["name"], rule["query"], True))
        behind += [(rule["name"], query) for query in compared(rule["query"])]
rules = len(queries)
for panel in json.load(open(options.dashboard))["panels"]:
    for target in panel.get("targets", []):
        query = target["expr"].replace("$namespace", ".*").replace("$__rate_interval", "1m")
        queries.append((panel["title"], query, panel["title"] in MAY_BE_EMPTY))
for title, query, may_be_empty in queries:
    for name in sorted(set(NAME.findall(query))):
        # `absent` is about names that are away; they have to exist all the same while all is well.
        if family(name) not in kinds or not any(family(sample) == family(name) for sample in samples):
            problems.append(f"{title}: {name} is not scraped")
    result = api("query", query=query)["result"]
    if not result and not may_be_empty:
        problems.append(f"{title}: no data for {query}")
# A rule that compares nothing never fires. A rate needs two scrapes; all else has been there for longer.
patience = time.monotonic() + 10
for title, query in behind:
    while not api("query", query=query)["result"]:
        if time.monotonic() > patience:
            problems.append(f"{title}: nothing to compare, no data for {query}")
            break
        time.sleep(0.5)
# Nothing is wrong with this system, so what is about its servers must be silent by now.
firing = sorted(alert["labels"]["alertname"] for alert in api("alerts")["alerts"] if alert["state"] == "firing")
for name in set(firing) & {"ScimIsAway", "ScimNobodyLeads", "ScimNobodySendsEvents", "ScimRedisAway"}:
    problems.append(f"{name} fires although all is well")

for problem in problems:
    print(f"alerts: {problem}", file=sys.stderr)
if problems:
    sys.exit(1)
print(
    f"alerts: {len(kinds)} metrics scraped, {len(samples)} names with samples; {rules} rules have data to compare, and they and"
    f" {len(queries) - rules} queries of the dashboard work on them")
