// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Events
import JSON
import SCIM
import Storage
import Testing

/// The classes of nubus-provisioning-api 2.3.
@Suite struct PublishAnswerTests {
    private func answer(_ status: Int, _ body: String = "", retryAfter: Duration? = nil) -> PublishAnswer {
        PublishAnswer(status: status, body: Array(body.utf8), retryAfter: retryAfter, publisherName: "scim-server")
    }

    @Test("only 202 is done")
    func accepted() {
        #expect(answer(202, "null") == .accepted)
    }

    @Test("a wrong account or address stops publishing", arguments: [200, 201, 204, 301, 307, 401, 403, 404, 405])
    func misconfigured(status: Int) throws {
        guard case .misconfigured(let reason) = answer(status, #"{"detail":"Incorrect username or password"}"#) else {
            Issue.record("\(status) is \(answer(status))")
            return
        }
        #expect(reason.hasPrefix("HTTP \(status): Incorrect username or password. Check PROVISIONING_"))
    }

    @Test(
        "what may pass is tried again, not before the service asks for it", arguments: [408, 429, 500, 502, 503, 504])
    func retry(status: Int) {
        let body = #"{"detail":"Internal server error"}"#
        #expect(
            answer(status, body, retryAfter: .seconds(7))
                == .retry(reason: "HTTP \(status): Internal server error", after: .seconds(7)))
        #expect(answer(status, "<html>") == .retry(reason: "HTTP \(status)", after: nil))
    }

    @Test("what is refused for good is put aside", arguments: [400, 415, 422])
    func refused(status: Int) {
        #expect(answer(status, "{}") == .refused(reason: "HTTP \(status)", namesPublisher: false))
    }

    @Test("what is too large may be taken with less in it")
    func tooLarge() {
        #expect(answer(413, "<html>") == .tooLarge(reason: "HTTP 413"))
        #expect(PublishAnswer.webhook(status: 413, retryAfter: nil) == .tooLarge(reason: "HTTP 413"))
    }

    @Test("a refused publisher name has a hint, and no word of the event is quoted")
    func publisherName() throws {
        let message =
            "1 validation error: {'type': 'enum', 'loc': ('body', 'publisher_name'), 'msg': \"Input should be "
            + "'udm-listener'\", 'input': 'secret', 'ctx': {}}  POST /v1/messages"
        let body = JSONValue.object(["status_code": 422, "message": .string(message), "data": nil]).text
        guard case .refused(let reason, namesPublisher: true) = answer(422, body) else {
            Issue.record("\(answer(422, body))")
            return
        }
        #expect(reason.contains("PROVISIONING_PUBLISHER_NAME"))
        #expect(reason.contains("\"scim-server\""))
        #expect(reason.contains("'loc': ('body', 'publisher_name')"))
        #expect(!reason.contains("secret"))
    }

    @Test("the framework's own shape of validation errors is understood too")
    func frameworkShape() {
        let body =
            #"{"detail":[{"type":"missing","loc":["body","publisher_name"],"msg":"Field required","input":"secret"}]}"#
        guard case .refused(let reason, namesPublisher: true) = answer(422, body) else {
            Issue.record("\(answer(422, body))")
            return
        }
        #expect(reason.hasPrefix("HTTP 422: body.publisher_name: Field required"))
        #expect(!reason.contains("secret"))
    }
}

@Suite struct RetryDelayTests {
    private struct Fixed: RandomNumberGenerator {
        let value: UInt64
        mutating func next() -> UInt64 { value }
    }

    private func delay(_ failures: Int, fraction: UInt64 = .max, retryAfter: Duration? = nil) -> Duration {
        var random = Fixed(value: fraction)
        return RetryDelay.afterFailures(failures, cap: .seconds(30), retryAfter: retryAfter, using: &random)
    }

    @Test(
        "the ceiling doubles from 1 s up to the cap",
        arguments: [
            (0, 1.0), (1, 1), (2, 2), (3, 4), (5, 16), (6, 30), (60, 30), (.max, 30),
        ])
    func ceiling(failures: Int, seconds: Double) {
        let length = delay(failures)
        #expect(length <= .seconds(seconds))
        #expect(length > .seconds(seconds * 0.99))
    }

    @Test("the wait is random down to almost nothing")
    func jitter() {
        #expect(delay(6, fraction: 0) == .milliseconds(50))
        var random = SystemRandomNumberGenerator()
        let waits = (0..<200).map { _ in
            RetryDelay.afterFailures(6, cap: .seconds(30), retryAfter: nil, using: &random)
        }
        #expect(waits.contains { $0 < .seconds(15) } && waits.contains { $0 > .seconds(15) })
    }

    @Test("the wait is never below Retry-After, which counts up to an hour")
    func retryAfter() {
        #expect(delay(1, retryAfter: .seconds(120)) == .seconds(120))
        #expect(delay(1, retryAfter: .seconds(86_400)) == .seconds(3600))
    }

    @Test(
        "Retry-After is seconds or a date",
        arguments: [
            ("7", 7), ("0", 0), ("99999999999999999999", 3600), ("Sat, 21 Nov 2026 09:16:00 GMT", 30),
            ("Sat, 21 Nov 2026 09:00:00 GMT", 0), ("soon", nil), ("", nil), (nil, nil),
            ("Sat, 31 Feb 2026 09:16:00 GMT", nil),
        ] as [(String?, Int?)])
    func header(value: String?, seconds: Int?) {
        let now = Row.time("2026-11-21T09:15:30Z")
        #expect(RetryDelay.retryAfter(value, now: now) == seconds.map { .seconds($0) })
    }
}

@Suite struct EventSenderConfigurationTests {
    @Test("the defaults work and are patient enough")
    func defaults() {
        let provisioning = ProvisioningConfiguration(
            url: "http://nubus-provisioning-api", username: "udm", password: "x")
        let configuration = EventSenderConfiguration(provisioning: provisioning)
        #expect(configuration.problems.isEmpty)
        #expect(configuration.sinks == [.provisioning])
        #expect(provisioning.timeout > .seconds(22))
        #expect(provisioning.publisherName == "udm-listener")
        #expect(configuration.maximumEventBytes == 900_000)
    }

    @Test(
        "a setting that cannot work is told",
        arguments: [
            { $0.provisioning?.url = "nubus" }, { $0.provisioning?.url = "http://a b" },
            { $0.provisioning?.url = "http://u:p@host" }, { $0.provisioning?.username = "" },
            { $0.provisioning?.username = "a:b" }, { $0.provisioning?.publisherName = "SCIM" },
            { $0.provisioning?.timeout = .seconds(22) }, { $0.provisioning?.connectTimeout = .zero },
            { $0.parallelResources = 0 }, { $0.batchSize = 0 }, { $0.pollInterval = .zero },
            { $0.sampleInterval = .zero }, { $0.maximumEventBytes = 100 }, { $0.provisioning = nil },
            { $0.webhook = WebhookConfiguration(url: "https://hooks.example.org", secrets: []) },
            { $0.webhook = WebhookConfiguration(url: "hooks", secrets: [Row.webhookSecret].compactMap(\.self)) },
            { $0.redisStream = RedisStreamConfiguration(name: "{scim:default}:ready") },
            { $0.redisStream = RedisStreamConfiguration(name: "two words") },
            { $0.redisStream = RedisStreamConfiguration(maximumLength: 999) },
        ] as [@Sendable (inout EventSenderConfiguration) -> Void])
    func problems(change: @Sendable (inout EventSenderConfiguration) -> Void) {
        var configuration = Row.configuration()
        change(&configuration)
        #expect(configuration.problems.count == 1)
    }

    @Test("no secret is in any description")
    func masked() {
        var configuration = Row.configuration()
        configuration.webhook = WebhookConfiguration(
            url: "https://hooks.example.org", secrets: [Row.webhookSecret].compactMap(\.self))
        var dumped = ""
        dump(configuration, to: &dumped)
        #expect(!"\(configuration)\(dumped)".contains("udmpass"))
        #expect(!"\(configuration)\(dumped)".contains("SymmetricKey"))
    }
}
