// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Events
import Storage
import Testing

@testable import scim_bridge

/// `EVENTS_…` and the settings of the sinks.
@Suite struct EventSettingsTests {
    private let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

    @Test("Events go to Provisioning with the outcome unless the settings say otherwise")
    func defaults() throws {
        try withSettings { (settings) throws in
            let configuration = try settings.read()
            #expect(configuration.events?.sinks == [.provisioning])
            #expect(!configuration.emitsOnAcceptance)
            #expect(try settings.read(changing: ["EVENTS_EMIT_ON": "accepted"]).emitsOnAcceptance)
            #expect(try !settings.read(changing: ["EVENTS_EMIT_ON": "completed"]).emitsOnAcceptance)
            #expect(settings.problems(changing: ["EVENTS_EMIT_ON": "sometimes"]).count == 1)
            // What undoes a refused write is written by a worker.
            #expect(try settings.read(changing: ["EVENTS_EMIT_ON": "accepted"], roles: [.worker]).emitsOnAcceptance)
        }
    }

    @Test("All sinks at once")
    func allSinks() throws {
        try withSettings { (settings) throws in
            let file = settings.file("webhook-secret", "\(secret)\n\(secret)\n")
            let events = try settings.read(changing: [
                "EVENTS_SINKS": "provisioning, webhook,redis-stream",
                "WEBHOOK_URL": "https://hooks.example.org/scim?v=1",
                "WEBHOOK_SECRET_FILE": file, "EVENTS_STREAM_NAME": "directory", "EVENTS_STREAM_MAX_LENGTH": "5000",
            ]).events
            #expect(events?.sinks == [.provisioning, .webhook, .redisStream])
            #expect(events?.webhook?.secrets.count == 2)
            #expect(events?.redisStream?.name == "directory" && events?.redisStream?.maximumLength == 5000)
        }
    }

    @Test("A sink that is not named needs no settings")
    func withoutProvisioning() throws {
        try withSettings { (settings) throws in
            let events = try settings.read(
                changing: [
                    "EVENTS_SINKS": "redis-stream", "PROVISIONING_URL": "", "PROVISIONING_USERNAME": "",
                    "PROVISIONING_PASSWORD_FILE": "",
                ], roles: [.events]
            ).events
            #expect(events?.sinks == [.redisStream])
            #expect(events?.redisStream?.name == "scim-events" && events?.redisStream?.maximumLength == 100_000)
        }
    }

    @Test(
        "What cannot work is told",
        arguments: [
            ["EVENTS_SINKS": "nats"], ["EVENTS_SINKS": "provisioning,"], ["EVENTS_SINKS": "webhook"],
            ["WEBHOOK_URL": "https://hooks.example.org"],
            ["EVENTS_SINKS": "webhook", "WEBHOOK_URL": "http://hooks.example.org", "ALLOW_PLAINTEXT": "true"],
            ["EVENTS_SINKS": "webhook", "WEBHOOK_URL": "ftp://hooks.example.org"],
            ["EVENTS_SINKS": "webhook", "WEBHOOK_URL": "https://u:p@hooks.example.org"],
            ["EVENTS_SINKS": "webhook", "WEBHOOK_URL": "https://hooks.example.org", "WEBHOOK_SECRET": "x"],
            ["EVENTS_SINKS": "webhook", "WEBHOOK_URL": "https://hooks.example.org", "WEBHOOK_CA_FILE": "/nowhere"],
            ["EVENTS_SINKS": "redis-stream", "EVENTS_STREAM_NAME": "{scim:default}:ready"],
            ["EVENTS_SINKS": "redis-stream", "EVENTS_STREAM_MAX_LENGTH": "10"],
        ])
    func problems(changes: [String: String]) throws {
        try withSettings { (settings) throws in
            var changes = changes
            if changes["WEBHOOK_URL"] != nil, changes["EVENTS_SINKS"] != nil {
                changes["WEBHOOK_SECRET_FILE"] = settings.file("webhook-secret", secret)
            }
            #expect(!settings.problems(changing: changes).isEmpty)
        }
    }

    @Test("A secret that is none is told without being shown", arguments: ["hunter2", "whsec_hunter2", ""])
    func secrets(text: String) throws {
        try withSettings { (settings) throws in
            let problems = settings.problems(changing: [
                "EVENTS_SINKS": "webhook", "WEBHOOK_URL": "https://hooks.example.org",
                "WEBHOOK_SECRET_FILE": settings.file("webhook-secret", text),
            ])
            #expect(problems.contains { $0.hasPrefix("WEBHOOK_SECRET_FILE") })
            #expect(!problems.joined().contains("hunter2"))
        }
    }

    @Test("A receiver on this machine may go without TLS")
    func loopback() throws {
        try withSettings { (settings) throws in
            let events = try settings.read(changing: [
                "EVENTS_SINKS": "webhook", "WEBHOOK_URL": "http://127.0.0.1:8099/scim",
                "WEBHOOK_SECRET_FILE": settings.file("webhook-secret", secret),
            ]).events
            #expect(events?.webhook?.problems.isEmpty == true)
        }
    }
}
