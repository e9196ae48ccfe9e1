// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Testing

@testable import scim_bridge

@Suite struct CommandLineTests {
    @Test(
        "A value out of its range is refused with the usage",
        arguments: [
            "dev --port 70000", "dev --port -1", "dev --operations-port 65536", "dev --demo-users -1",
            "dev --demo-groups -1", "dev --demo-users 9223372036854775807", "dev --latency soon",
            "dev start udm --latency -1s", "dev stop everything", "double udm --port 70000",
            "double provisioning --port -5", "double udm --latency 1x",
            "token create --client a --file /tmp/t --days 999999999999999",
            "events resend", "events discard", "events resend nobody", "events parked --sink nats",
            "events parked --limit 0", "events resend --all a3b00000-0000-4000-8000-000000000001",
            "health --url nonsense", "health --url ftp://a/b", "health --timeout soon",
            "token create --client a --file /tmp/t --days 0", "token create --client a --file /tmp/t --days -1",
        ])
    func refused(line: String) {
        #expect(throws: (any Error).self) {
            try ScimBridge.parseAsRoot(line.split(separator: " ").map(String.init))
        }
    }

    @Test(
        "Values within their ranges are taken",
        arguments: [
            "dev", "dev --demo --port 0 --operations-port 65535 --demo-users 0 --demo-groups 0 --latency 0ms",
            "dev start redis --empty", "dev clean", "double udm --port 0 --latency 1.5s",
            "events parked --sink redis-stream --limit 5", "events resend --all", "events discard --sink webhook --all",
            "events resend a3b00000-0000-4000-8000-000000000001 A3B00000-0000-4000-8000-000000000002",
            "token create --client a --file /tmp/t --days 36500", "token create --client a --file /tmp/t --subject jo",
            "serve --roles api,worker", "health", "health --url https://a:9090/health/live --timeout 500ms --quiet",
        ])
    func accepted(line: String) {
        #expect(throws: Never.self) { try ScimBridge.parseAsRoot(line.split(separator: " ").map(String.init)) }
    }
}
