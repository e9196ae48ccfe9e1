// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import scim_bridge

@Suite(.timeLimit(.minutes(1))) struct HealthCommandTests {
    @Test(
        "Without --url the operators' port of this process's settings is asked",
        arguments: [
            (nil, "http://127.0.0.1:9090/health/ready"), ("127.0.0.1:9191", "http://127.0.0.1:9191/health/ready"),
            ("0.0.0.0:9090", "http://127.0.0.1:9090/health/ready"), (":9092", "http://127.0.0.1:9092/health/ready"),
            ("[::]:9090", "http://[::1]:9090/health/ready"), ("nonsense", "http://127.0.0.1:9090/health/ready"),
        ])
    func address(setting: String?, expected: String) {
        #expect(HealthCommand.url(ofOperations: setting) == expected)
    }

    @Test(
        "An answer becomes a line and an exit status",
        arguments: [
            (200, #"{"status":"ok","checks":{"redis":{"status":"ok"}}}"#, true, "ok"),
            (
                200, #"{"status":"degraded","checks":{"udm":{"status":"failed","error":"away"}}}"#, true,
                "degraded (udm: away)"
            ),
            (503, #"{"status":"stopping"}"#, false, "stopping"), (404, "not found", false, "HTTP status 404"),
        ])
    func answers(status: Int, body: String, isGood: Bool, text: String) {
        #expect(Health(status: status, body: Array(body.utf8)) == Health(isGood: isGood, text: text))
    }

    @Test("Where nobody listens the process is not healthy")
    func nobody() async {
        // Port 1 is privileged, and nothing of ours.
        let health = await Health.ask("http://127.0.0.1:1/health/ready", timeout: .seconds(5))
        #expect(!health.isGood)
        #expect(health.text.hasPrefix("no answer from http://127.0.0.1:1/health/ready: "))
    }
}
