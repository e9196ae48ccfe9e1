// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import AsyncHTTPClient
internal import Executors
internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import NIOSSL
internal import SCIM

/// HTTP as sinks need it: TLS with verified certificates, no redirects, a time limit that a stalling body cannot stretch.
struct SinkHTTPClient: Sendable {
    struct Answer: Sendable {
        let status: Int
        /// Its beginning; empty for success.
        let body: [UInt8]
        let retryAfter: Duration?
    }

    private let client: HTTPClient
    private let timeout: Duration
    private let logger: Logger

    /// An answer says what it has to say in its beginning.
    private static let longestAnswer = 1 << 20
    /// For the body of a success, which says nothing more.
    private static let longestRest = Duration.seconds(1)

    /// - Parameters:
    ///   - trustRootsFile: A PEM file of the authorities to trust in place of the system's.
    ///   - connections: Kept open at most.
    /// - Throws: When the authorities cannot be read.
    init(
        trustRootsFile: String?, connectTimeout: Duration, timeout: Duration, connections: Int, logger: Logger
    ) throws(EventSenderConfigurationError) {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        if let path = trustRootsFile { tls.trustRoots = .certificates(try Self.authorities(in: path)) }
        var http = HTTPClient.Configuration(
            tlsConfiguration: tls, redirectConfiguration: .disallow,
            timeout: .init(
                connect: TimeAmount(connectTimeout),
                // For a task that would not be cancelled.
                read: TimeAmount(timeout)))
        // The Provisioning service's server closes a connection that is idle for 5 s; one that is closed while a POST is on its way leaves
        // its outcome unknown, so ours are closed before.
        http.connectionPool.idleTimeout = .seconds(3)
        http.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = max(connections, 1)
        // A refused connection is told at once; the sender has its own way of waiting.
        http.connectionPool.retryConnectionEstablishment = false
        http.httpVersion = .http1Only
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: http)
        self.timeout = timeout
        self.logger = logger
    }

    func shutdown() async {
        do {
            try await client.shutdown()
        } catch {
            logger.warning("An HTTP client did not end cleanly", metadata: ["error": "\(error)"])
        }
    }

    /// Posts JSON. Whatever happens on the way is `failure`: worth another try, and its outcome unknown.
    func post(_ json: [UInt8], to url: String, _ headers: HTTPHeaders) async -> Result<Answer, SinkHTTPFailure> {
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers = headers
        request.headers.add(name: "Content-Type", value: "application/json")
        request.headers.add(name: "Accept", value: "application/json")
        request.headers.add(name: "User-Agent", value: "scim-bridge")
        request.body = .bytes(ByteBuffer(bytes: json))
        do {
            // The HTTP client's own timeout ends with the head of the answer, and a body may stall.
            return .success(try await withDeadline(timeout) { [request] in try await self.exchange(request) })
        } catch let error as HTTPClientError {
            return .failure(SinkHTTPFailure(reason: error.shortDescription))
        } catch {
            return .failure(SinkHTTPFailure(reason: "\(error)"))
        }
    }

    private func exchange(_ request: HTTPClientRequest) async throws -> Answer {
        let response = try await client.execute(request, timeout: TimeAmount(timeout))
        let status = Int(response.status.code)
        let isSuccess = (200..<300).contains(status)
        var body: [UInt8] = []
        do {
            // A body that nobody reads costs the connection: the service's server sends it after the head, and the client cancels what is left.
            let whole = try await withDeadline(isSuccess ? Self.longestRest : timeout) {
                try await response.body.collect(upTo: Self.longestAnswer)
            }
            if !isSuccess { body = Array(whole.readableBytesView) }
        } catch {
            // The status says already what to do.
            logger.debug("No whole answer from a sink", metadata: ["status": "\(status)", "error": "\(error)"])
        }
        return Answer(
            status: status, body: body,
            retryAfter: RetryDelay.retryAfter(response.headers.first(name: "Retry-After"), now: .now()))
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

struct SinkHTTPFailure: Error {
    let reason: String
}
