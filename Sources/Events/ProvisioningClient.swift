// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import AsyncHTTPClient
internal import Foundation
internal import JSON
package import Logging
internal import NIOHTTP1
package import SCIM
package import Storage

/// Speaks to the message API of the Nubus Provisioning service (reference 2).
package final class ProvisioningClient: EventSink {
    package let name = SinkName.provisioning
    private let configuration: ProvisioningConfiguration
    private let http: SinkHTTPClient
    private let address: String
    private let authorization: String

    /// - Parameter connections: Kept open at most.
    /// - Throws: When the certificate authorities cannot be read.
    package init(
        configuration: ProvisioningConfiguration, connections: Int = 8, logger: Logger
    ) throws(EventSenderConfigurationError) {
        self.configuration = configuration
        http = try SinkHTTPClient(
            trustRootsFile: configuration.trustRootsFile, connectTimeout: configuration.connectTimeout,
            timeout: configuration.timeout, connections: connections, logger: logger)
        var base = configuration.url
        while base.hasSuffix("/") { base.removeLast() }
        address = base + "/v1/messages"
        let credentials = Data("\(configuration.username):\(configuration.password)".utf8)
        authorization = "Basic \(credentials.base64EncodedString())"
    }

    package func shutdown() async { await http.shutdown() }

    package func publish(_ event: EventMessage) async -> PublishAnswer {
        await publish(event.json, requestID: event.requestID)
    }

    /// `POST /v1/messages`; never throws, because every failure has its place in the answer.
    ///
    /// - Parameters:
    ///   - message: JSON text, see ``EventBuilder``.
    ///   - requestID: For `X-Request-ID`; the service keeps only UUIDs.
    package func publish(_ message: [UInt8], requestID: LowercaseUUID) async -> PublishAnswer {
        switch await post(message, requestID) {
        case .success(let answer): classify(answer)
        case .failure(let failure): .retry(reason: failure.reason, after: nil)
        }
    }

    /// Asks for the address, the account and the publisher name without publishing anything.
    ///
    /// The service refuses a message that has nothing but a publisher name with 422, and tells whether it knows that name. Whoever refuses it
    /// otherwise is not the service: a server that wants TLS answers 400 to every request, and every event would be put aside.
    package func probe() async -> PublishAnswer {
        let message: JSONValue = ["publisher_name": .string(configuration.publisherName)]
        let answer: SinkHTTPClient.Answer
        switch await post(message.serialize(), .random()) {
        case .success(let found): answer = found
        case .failure(let failure): return .retry(reason: failure.reason, after: nil)
        }
        switch classify(answer) {
        case .refused(let reason, namesPublisher: true): return .misconfigured(reason: reason)
        case .refused(_, namesPublisher: false) where answer.status == 422: return .accepted
        case .refused(let reason, namesPublisher: false):
            return .misconfigured(reason: "\(reason). Check PROVISIONING_URL: something else answers at this address")
        case .accepted:
            return .misconfigured(reason: "the service takes a message without content. Check PROVISIONING_URL")
        case .retry(let reason, let after): return .retry(reason: reason, after: after)
        case .tooLarge(let reason), .misconfigured(let reason): return .misconfigured(reason: reason)
        }
    }

    private func post(
        _ message: [UInt8], _ requestID: LowercaseUUID
    ) async -> Result<SinkHTTPClient.Answer, SinkHTTPFailure> {
        await http.post(
            message, to: address, ["Authorization": authorization, "X-Request-ID": requestID.description])
    }

    private func classify(_ answer: SinkHTTPClient.Answer) -> PublishAnswer {
        PublishAnswer(
            status: answer.status, body: answer.body, retryAfter: answer.retryAfter,
            publisherName: configuration.publisherName)
    }
}
