// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import AsyncHTTPClient
internal import Executors
internal import JSON
internal import Logging
internal import Metrics
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL
internal import SCIM

/// Carries calls to UDM over HTTP/1.1 and turns whatever happens into an answer or a ``UDMError``.
final class UDMTransport: Sendable {
    private let configuration: UDMConfiguration
    private let client: HTTPClient
    /// One thread carries all calls: what many calls need at a moment it does in one go, where several would awaken each other.
    private let loops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    /// A call runs where its bytes are sent and received.
    private let loop: EventLoopExecutor
    private let ledger: CallLedger
    private let metrics: UDMMetrics
    private let logger: Logger
    private let observer = Locked<(any UDMObserver)?>(nil)
    /// The value of the header `Authorization`.
    private let authorization: String

    init(configuration: UDMConfiguration, metrics: UDMMetrics, logger: Logger) throws(UDMConfigurationError) {
        let problems = configuration.problems
        guard problems.isEmpty else { throw UDMConfigurationError(problems: problems) }
        self.configuration = configuration
        self.metrics = metrics
        self.logger = logger
        let ledger = CallLedger()
        self.ledger = ledger
        loop = EventLoopExecutor(loops.next())
        var signed = HTTPClientRequest(url: configuration.baseURL)
        signed.setBasicAuth(username: configuration.username, password: configuration.password)
        authorization = signed.headers["Authorization"].first ?? ""
        client = HTTPClient(
            eventLoopGroupProvider: .shared(loops),
            configuration: try Self.clientConfiguration(for: configuration, ledger: ledger))
    }

    private static func clientConfiguration(
        for configuration: UDMConfiguration, ledger: CallLedger
    ) throws(UDMConfigurationError) -> HTTPClient.Configuration {
        var tls = TLSConfiguration.makeClientConfiguration()
        if let path = configuration.trustRootsFile {
            do {
                let certificates = try NIOSSLCertificate.fromPEMFile(path)
                guard !certificates.isEmpty else {
                    throw UDMConfigurationError(problems: ["\(path) has no certificate"])
                }
                tls.trustRoots = .certificates(certificates)
            } catch let error as UDMConfigurationError {
                throw error
            } catch {
                throw UDMConfigurationError(problems: ["cannot read certificates from \(path): \(error)"])
            }
        }
        var client = HTTPClient.Configuration(
            tlsConfiguration: tls,
            redirectConfiguration: .disallow,
            // No limit between two reads: every call has a deadline, which ``SentMark`` keeps for the body, too.
            timeout: .init(connect: TimeAmount(configuration.connectTimeout)))
        // Nobody looks at spans; each would have the URL parsed once more.
        client.tracing.tracer = nil
        // Only HTTP/1.1 connections are prepared by `ConnectionSetup`.
        client.httpVersion = .http1Only
        client.http1_1ConnectionDebugInitializer = { ConnectionSetup.prepare($0, ledger: ledger) }
        // A UDM that is down is known at once and the queue waits, instead of every caller until its connect timeout.
        client.connectionPool.retryConnectionEstablishment = false
        client.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = configuration.maximumConnections
        // Below what servers keep, of which Apache, in front of UDM on UCS, has the shortest with 5 s: a write on a connection that closes under it
        // has an unknown outcome.
        client.connectionPool.idleTimeout = .seconds(3)
        return client
    }

    /// - Throws: ``UDMError`` for everything but a status of 2xx, or a redirect that was asked for.
    func send(_ request: UDMRequest) async throws(UDMError) -> UDMAnswer {
        let observer = request.module == nil ? nil : self.observer.withLock { $0 }
        observer?.callBegan()
        let start = ContinuousClock.now
        do throws(UDMError) {
            let answer = try await answer(to: request)
            guard answer.isSuccess || request.takesRedirect && answer.isRedirect else {
                throw refusal(answer, to: request)
            }
            note(request, status: answer.status, error: nil, since: start, observer)
            return answer
        } catch {
            note(request, status: error.status, error: error, since: start, observer)
            throw error
        }
    }

    func observe(_ observer: any UDMObserver) { self.observer.withLock { $0 = observer } }

    func shutdown() async throws {
        try await client.shutdown()
        // A task that prefers a loop which has ended would never go on.
        await ledger.shut()
        try await loops.shutdownGracefully()
    }

    // MARK: One exchange

    private func answer(to request: UDMRequest) async throws(UDMError) -> UDMAnswer {
        let limit = request.timeout ?? configuration.timeout
        let deadline = NIODeadline.now() + TimeAmount(limit)
        guard let call = ledger.open(until: deadline) else {
            throw UDMError(
                noAnswerTo: request, wasSent: false, reason: "the service is stopping",
                isCancellation: Task.isCancelled)
        }
        do {
            let message = message(for: request, call: call)
            let answer = try await withTaskExecutorPreference(loop) {
                guard let timeout = request.timeout else {
                    return try await exchange(message, for: request, until: deadline)
                }
                return try await withDeadline(timeout) {
                    try await self.exchange(message, for: request, until: deadline)
                }
            }
            _ = ledger.close(call)
            if answer.body == nil, answer.isSuccess, !request.isWrite {
                throw UDMError(
                    .transient, status: answer.status,
                    detail: "the answer was cut off: \(answer.bodyProblem ?? "unknown reason")",
                    module: request.module, dn: request.dn)
            }
            return answer
        } catch {
            let wasSent = ledger.close(call)
            if let error = error as? UDMError { throw error }
            throw UDMError(
                noAnswerTo: request, wasSent: wasSent, reason: describe(error, of: request),
                isCancellation: Task.isCancelled)
        }
    }

    /// The client's deadline ends with the head of the answer; that of the body is kept by ``SentMark``.
    private func exchange(
        _ message: HTTPClientRequest, for request: UDMRequest, until deadline: NIODeadline
    ) async throws -> UDMAnswer {
        let response = try await client.execute(message, deadline: deadline)
        let status = Int(response.status.code)
        do {
            let body = try await body(of: response)
            // A cancelled body may end early instead of failing.
            try Task.checkCancellation()
            return UDMAnswer(status: status, headers: response.headers, body: body)
        } catch is NIOTooManyBytesError where !request.isWrite {
            throw UDMError(
                .permanent, status: status,
                detail: "the answer is longer than \(configuration.maximumAnswerBytes) bytes",
                module: request.module, dn: request.dn)
        } catch {
            // The head has said already how a write ended.
            return UDMAnswer(
                status: status, headers: response.headers, body: nil, bodyProblem: describe(error, of: request))
        }
    }

    /// Nearly all bodies arrive in one part, which is not copied.
    private func body(of response: HTTPClientResponse) async throws -> ByteBuffer {
        var body = ByteBuffer()
        for try await var part in response.body {
            guard body.readableBytes + part.readableBytes <= configuration.maximumAnswerBytes else {
                throw NIOTooManyBytesError(maxBytes: configuration.maximumAnswerBytes)
            }
            if body.readableBytes == 0 { body = part } else { body.writeBuffer(&part) }
        }
        return body
    }

    private func describe(_ error: any Error, of request: UDMRequest) -> String {
        switch error {
        case let error as HTTPClientError where error == .deadlineExceeded:
            DeadlineExceeded(limit: request.timeout ?? configuration.timeout).description
        case is BodyOverdue: DeadlineExceeded(limit: request.timeout ?? configuration.timeout).description
        case let error as DeadlineExceeded: error.description
        case let error as HTTPClientError: error.shortDescription
        default: UDMFieldError(location: [], message: "\(error)").message
        }
    }

    // MARK: The request's parts

    /// Made before the event loop has it: the body of a large group takes a while, and the loop carries all calls.
    private func message(for request: UDMRequest, call: UInt64) -> HTTPClientRequest {
        var message = HTTPClientRequest(url: url(of: request))
        message.method = request.method
        message.headers = headers(of: request)
        message.headers.add(name: SentMark.header, value: "\(call)")
        if let body = request.body { message.body = .bytes(ByteBuffer(bytes: body.serialize())) }
        return message
    }

    private func url(of request: UDMRequest) -> String {
        let query = request.query.map { "\(PercentEncoding.encode($0.name))=\(PercentEncoding.encode($0.value))" }
        return configuration.baseURL + request.path + (query.isEmpty ? "" : "?" + query.joined(separator: "&"))
    }

    private func headers(of request: UDMRequest) -> HTTPHeaders {
        var headers: HTTPHeaders = [
            // Anything else, `*/*` included, asks for UDM's HTML view: 406.
            "Accept": "application/json",
            // One process tree per language, and error texts we match on: never vary it.
            "Accept-Language": "en-US",
            "Authorization": authorization,
            "User-Agent": "scim-bridge",
            "X-Request-Id": RequestIdentifier.udm(for: request.requestID).description,
        ]
        if request.body != nil { headers.add(name: "Content-Type", value: "application/json") }
        if let etag = request.ifMatch { headers.add(name: "If-Match", value: etag) }
        if let parent = UDMTrace.parent { headers.add(name: "traceparent", value: parent) }
        return headers
    }

    private func refusal(_ answer: UDMAnswer, to request: UDMRequest) -> UDMError {
        let now = Timestamp.now()
        if let wait = answer.retryAfter(now: now), wait > UDMError.longestRetryAfter {
            logger.warning(
                "UDM asks for a longer wait than it gets",
                metadata: ["asked": "\(wait)", "waiting": "\(UDMError.longestRetryAfter)"])
        }
        return UDMError(answer: answer, to: request, now: now)
    }

    private func note(
        _ request: UDMRequest, status: Int?, error: UDMError?, since start: ContinuousClock.Instant,
        _ observer: (any UDMObserver)?
    ) {
        let duration = start.duration(to: .now)
        if let observer, let module = request.module {
            observer.callEnded(
                UDMCall(
                    operation: request.operation, module: module, started: start, duration: duration, error: error))
        }
        metrics.record(method: request.method.rawValue, module: request.module, error: error?.class, duration: duration)
        guard logger.logLevel <= .debug else { return }
        var metadata: Logger.Metadata = [
            "method": "\(request.method.rawValue)",
            "module": "\(request.module?.rawValue ?? "-")",
            "status": "\(status.map(String.init) ?? "-")",
            "requestId": "\(request.requestID)",
            "milliseconds": "\(duration / .milliseconds(1))",
        ]
        let udmRequestID = RequestIdentifier.udm(for: request.requestID).description
        if udmRequestID != request.requestID { metadata["udmRequestId"] = "\(udmRequestID)" }
        if let error { metadata["class"] = "\(error.class.label)" }
        logger.debug("called UDM", metadata: metadata)
    }
}
