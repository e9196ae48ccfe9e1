// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import AsyncHTTPClient
internal import Executors
internal import JSON
package import Logging
internal import NIOCore
internal import NIOHTTP1
internal import NIOSSL
package import SCIM

/// Speaks to the message API of the Nubus Provisioning service (reference 2).
package final class ProvisioningClient: Sendable {
    private let configuration: EventSenderConfiguration
    private let client: HTTPClient
    private let logger: Logger

    /// An answer says what it has to say in its beginning.
    private static let longestAnswer = 1 << 20

    /// - Throws: When the certificate authorities cannot be read.
    package init(configuration: EventSenderConfiguration, logger: Logger) throws(EventSenderConfigurationError) {
        self.configuration = configuration
        self.logger = logger
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: try Self.http(configuration))
    }

    /// Must be called once at the end.
    package func shutdown() async {
        do {
            try await client.shutdown()
        } catch {
            logger.warning("The Provisioning client did not end cleanly", metadata: ["error": "\(error)"])
        }
    }

    /// `POST /v1/messages`; never throws, because every failure has its place in the answer.
    ///
    /// - Parameters:
    ///   - message: JSON text, see ``EventBuilder``.
    ///   - requestID: For `X-Request-ID`; the service keeps only UUIDs.
    package func publish(_ message: [UInt8], requestID: LowercaseUUID) async -> PublishAnswer {
        do {
            var request = request(.POST)
            request.headers.add(name: "Content-Type", value: "application/json")
            request.headers.add(name: "X-Request-ID", value: requestID.description)
            request.body = .bytes(ByteBuffer(bytes: message))
            return try await answer(to: request)
        } catch let error as HTTPClientError {
            return .retry(reason: error.shortDescription, after: nil)
        } catch {
            return .retry(reason: "\(error)", after: nil)
        }
    }

    /// Asks for the address, the account and the publisher name without publishing anything.
    ///
    /// The service refuses a message that has nothing but a publisher name with 422, and tells whether it knows that name.
    package func probe() async -> PublishAnswer {
        let message: JSONValue = ["publisher_name": .string(configuration.publisherName)]
        switch await publish(message.serialize(), requestID: .random()) {
        case .refused(let reason, namesPublisher: true): return .misconfigured(reason: reason)
        case .refused(_, namesPublisher: false): return .accepted
        case .accepted:
            return .misconfigured(reason: "the service takes a message without content. Check PROVISIONING_URL")
        case .retry(let reason, let after): return .retry(reason: reason, after: after)
        case .misconfigured(let reason): return .misconfigured(reason: reason)
        }
    }

    private func request(_ method: HTTPMethod) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: Self.address(of: configuration.url))
        request.method = method
        request.setBasicAuth(username: configuration.username, password: configuration.password)
        request.headers.add(name: "Accept", value: "application/json")
        request.headers.add(name: "User-Agent", value: "scim-bridge")
        return request
    }

    private func answer(to request: HTTPClientRequest) async throws -> PublishAnswer {
        // The HTTP client's own timeout ends with the head of the answer, and a body may stall.
        try await withDeadline(configuration.timeout) { try await self.exchange(request) }
    }

    private func exchange(_ request: HTTPClientRequest) async throws -> PublishAnswer {
        let response = try await client.execute(request, timeout: TimeAmount(configuration.timeout))
        let status = Int(response.status.code)
        var body: [UInt8] = []
        if status != 202 {
            do {
                body = Array(try await response.body.collect(upTo: Self.longestAnswer).readableBytesView)
            } catch {
                // The status says already what to do.
                logger.debug(
                    "No whole answer from Provisioning", metadata: ["status": "\(status)", "error": "\(error)"])
            }
        }
        return PublishAnswer(
            status: status, body: body,
            retryAfter: RetryDelay.retryAfter(response.headers.first(name: "Retry-After"), now: .now()),
            publisherName: configuration.publisherName)
    }

    private static func address(of url: String) -> String {
        var base = url
        while base.hasSuffix("/") { base.removeLast() }
        return base + "/v1/messages"
    }

    private static func http(
        _ configuration: EventSenderConfiguration
    ) throws(EventSenderConfigurationError) -> HTTPClient.Configuration {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        if let path = configuration.trustRootsFile { tls.trustRoots = .certificates(try authorities(in: path)) }
        var http = HTTPClient.Configuration(
            tlsConfiguration: tls, redirectConfiguration: .disallow,
            timeout: .init(
                connect: TimeAmount(configuration.connectTimeout),
                // For a task that would not be cancelled.
                read: TimeAmount(configuration.timeout)))
        // The service's server closes a connection that is idle for 5 s; one that is closed while a POST is on its way leaves its outcome
        // unknown, so ours are closed before.
        http.connectionPool.idleTimeout = .seconds(3)
        http.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = max(configuration.parallelResources, 1)
        // A refused connection is told at once; the sender has its own way of waiting.
        http.connectionPool.retryConnectionEstablishment = false
        http.httpVersion = .http1Only
        return http
    }

    private static func authorities(in path: String) throws(EventSenderConfigurationError) -> [NIOSSLCertificate] {
        let certificates: [NIOSSLCertificate]
        do {
            certificates = try NIOSSLCertificate.fromPEMFile(path)
        } catch {
            throw EventSenderConfigurationError(problems: ["cannot read certificates from \(path): \(error)"])
        }
        guard !certificates.isEmpty else {
            throw EventSenderConfigurationError(problems: ["\(path) has no certificate"])
        }
        return certificates
    }
}
