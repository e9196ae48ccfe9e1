// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import AsyncHTTPClient
internal import JSON
internal import NIOCore
internal import NIOHTTP1

/// Asks the target for what a bench has to know or to prepare. What is measured goes through ``LoadGenerator``.
struct SCIMClient: Sendable {
    /// An answer of the target.
    struct Answer: Sendable {
        let status: Int
        let headers: HTTPHeaders
        let body: [UInt8]

        /// - Throws: ``BenchFailure`` when the body is no JSON.
        func json() throws -> JSONValue {
            do {
                return try JSONValue(parsing: body, limits: JSONLimits(maximumBytes: SCIMClient.longestBody))
            } catch {
                throw BenchFailure("the server's answer is no JSON: \(error)")
            }
        }
    }

    /// A group of a hundred thousand members is about 20 MB.
    private static let longestBody = 128 << 20

    let target: Target
    private let token: String?
    private let http: HTTPClient

    init(target: Target, token: String?, connections: Int = 8) {
        self.target = target
        self.token = token
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: target.isSecure ? target.tls : nil, redirectConfiguration: .disallow,
            timeout: .init(connect: .seconds(5)))
        configuration.httpVersion = .http1Only
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = connections
        http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    func shutDown() async throws { try await http.shutdown() }

    /// - Parameters:
    ///   - path: Below the base, such as `/Users`.
    ///   - query: Names and values, not encoded.
    /// - Throws: ``BenchFailure`` when the answer is not 200 with JSON.
    func get(_ path: String, _ query: [(String, String)] = []) async throws -> JSONValue {
        let answer = try await send(.GET, path + Query.text(query))
        guard answer.status == 200 else { throw unexpected(answer, to: "GET \(path)") }
        return try answer.json()
    }

    /// - Parameter limit: For the whole exchange.
    /// - Throws: ``BenchFailure`` when there is no answer.
    func send(
        _ method: HTTPMethod, _ path: String, body: [UInt8]? = nil, limit: Duration = .seconds(60)
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: "\(target.origin)\(target.path)\(path)")
        request.method = method
        request.headers.add(name: "Accept", value: "application/scim+json")
        request.headers.add(name: "User-Agent", value: "scim-bench")
        if let token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
        if let body {
            request.headers.add(name: "Content-Type", value: "application/scim+json")
            request.body = .bytes(ByteBuffer(bytes: body))
        }
        do {
            let response = try await http.execute(request, timeout: TimeAmount(limit))
            let body = try await response.body.collect(upTo: Self.longestBody)
            return Answer(
                status: Int(response.status.code), headers: response.headers, body: Array(body.readableBytesView))
        } catch let error as CancellationError {
            throw error
        } catch {
            try Task.checkCancellation()
            throw BenchFailure("\(target.authority) did not answer \(method.rawValue) \(path.prefix(80)): \(error)")
        }
    }

    func unexpected(_ answer: Answer, to request: String) -> BenchFailure {
        let text = String(decoding: answer.body.prefix(300), as: UTF8.self)
        return BenchFailure("\(request) was answered with \(answer.status): \(text)")
    }
}

// MARK: - Lists

extension SCIMClient {
    /// How many resources match; without a filter all do.
    func total(_ path: String, filter: String? = nil) async throws -> Int {
        let list = try await get(path, (filter.map { [("filter", $0)] } ?? []) + [("count", "0")])
        return try Self.total(of: list)
    }

    /// The ids of a part of a list.
    ///
    /// - Parameters:
    ///   - first: Counted from 0.
    /// - Returns: `count` ids; less when there are not as many.
    func ids(_ path: String, from first: Int, count: Int) async throws -> [String] {
        var ids: [String] = []
        while ids.count < count {
            let list = try await get(
                path,
                [
                    ("startIndex", "\(first + ids.count + 1)"), ("count", "\(min(1000, count - ids.count))"),
                    ("attributes", "id"),
                ])
            let page = (list["Resources"]?.arrayValue ?? []).compactMap { $0["id"]?.stringValue }
            if page.isEmpty { break }
            ids += page
        }
        return ids
    }

    static func total(of list: JSONValue) throws -> Int {
        guard let total = list["totalResults"]?.integerValue else {
            throw BenchFailure("the server answered a list without totalResults")
        }
        return Int(total)
    }
}
