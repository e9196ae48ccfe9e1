// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Crypto
import Events
import Foundation
import JSON
import NIOHTTP1
import SCIM
import Storage
import Testing

/// Standard Webhooks 1.0.
@Suite struct WebhookTests {
    private let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

    private func configuration(_ url: String, _ secrets: [String]) -> WebhookConfiguration {
        WebhookConfiguration(url: url, secrets: secrets.compactMap { WebhookSecret($0) })
    }

    private func publish(
        _ event: EventMessage, _ configuration: WebhookConfiguration, at time: String = "2026-11-21T09:15:40.9Z"
    ) async throws -> PublishAnswer {
        let sink = try WebhookSink(configuration: configuration, logger: LogCollector().logger) { Row.time(time) }
        let answer = await sink.publish(event)
        await sink.shutdown()
        return answer
    }

    private func message() throws -> EventMessage { try EventBuilder(Row.configuration()).message(of: Row.make()) }

    @Test("the signature is that of the published example")
    func example() throws {
        let secret = try #require(WebhookSecret(secret))
        let signature = WebhookSecret.signature(
            [secret], id: "msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp: 1_614_265_330,
            body: Array(#"{"test": 2432232314}"#.utf8))
        #expect(signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
    }

    @Test(
        "a secret is whsec_ and 24 to 64 bytes in base64",
        arguments: [
            "", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS", "whsec_c2hvcnQ=",
            "whsec_*fKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "WHSEC_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "whsec_" + Data(repeating: 1, count: 65).base64EncodedString(),
        ])
    func noSecret(text: String) {
        #expect(WebhookSecret(text) == nil)
    }

    @Test("an event is posted with its id, the time of the attempt and a signature for each secret")
    func headers() async throws {
        try await HTTPReceiver.run { (receiver) async throws in
            let event = try message()
            let answer = try await publish(event, configuration(receiver.url, [secret, Row.webhookSecretText]))
            #expect(answer == .accepted)
            let request = try #require(receiver.requests.first)
            #expect(request.path == "/hook")
            #expect(request.body == event.json)
            #expect(request.headers["content-type"] == ["application/json"])
            #expect(request.headers["webhook-id"] == [Row.eventID])
            #expect(request.headers["webhook-timestamp"] == ["1795252540"])
            #expect(request.headers["x-request-id"] == [Row.requestID])
            let signatures = try #require(request.headers["webhook-signature"].first).split(separator: " ")
            #expect(signatures.count == 2)
            let signed = Data("\(Row.eventID).1795252540.".utf8 + request.body)
            for (signature, text) in zip(signatures, [secret, Row.webhookSecretText]) {
                let key = try #require(Data(base64Encoded: String(text.dropFirst(6))))
                let code = try #require(Data(base64Encoded: String(signature.dropFirst(3))))
                #expect(signature.hasPrefix("v1,"))
                #expect(
                    HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: signed, using: SymmetricKey(data: key))
                )
            }
        }
    }

    @Test("any 2xx is done", arguments: [200, 201, 202, 204])
    func done(status: Int) {
        #expect(PublishAnswer.webhook(status: status, retryAfter: nil) == .accepted)
    }

    @Test("what may pass is tried again", arguments: [408, 425, 429, 500, 502, 503, 504])
    func retry(status: Int) {
        #expect(
            PublishAnswer.webhook(status: status, retryAfter: .seconds(3))
                == .retry(reason: "HTTP \(status)", after: .seconds(3)))
    }

    @Test(
        "a receiver that is gone, elsewhere or does not know us gets nothing more",
        arguments: [301, 308, 401, 403, 404, 405, 410])
    func held(status: Int) {
        guard case .misconfigured(let reason) = PublishAnswer.webhook(status: status, retryAfter: nil) else {
            Issue.record("\(status) is not told as a matter of the receiver")
            return
        }
        #expect(reason.hasPrefix("HTTP \(status)"))
    }

    @Test("what is refused for good is put aside", arguments: [400, 409, 415, 422])
    func refused(status: Int) {
        #expect(
            PublishAnswer.webhook(status: status, retryAfter: nil)
                == .refused(reason: "HTTP \(status)", namesPublisher: false))
    }

    @Test("a redirect is not followed")
    func redirect() async throws {
        try await HTTPReceiver.run(answering: { _, _ in
            .init(status: 307, headers: ["Location": "/elsewhere"])
        }) { (receiver) async throws in
            guard case .misconfigured = try await publish(message(), configuration(receiver.url, [secret])) else {
                Issue.record("followed, or taken for something else")
                return
            }
            #expect(receiver.requests.count == 1)
        }
    }

    @Test("a lost answer is worth another try")
    func dropped() async throws {
        try await HTTPReceiver.run(answering: { _, _ in .init(status: 200, isDropped: true) }) {
            (receiver) async throws in
            guard case .retry = try await publish(message(), configuration(receiver.url, [secret])) else {
                Issue.record("not to be tried again")
                return
            }
        }
    }
}
