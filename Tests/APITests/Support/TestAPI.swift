// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import CoreMetrics
import HTTPServer
import Hummingbird
import HummingbirdCore
import JSON
import Logging
import NIOCore
import NIOHTTP1
import Postgres
import Queue
import SCIM
import ServiceLifecycle
import Storage
import TestSupport
import Testing

@testable import API

/// Every test that talks HTTP. One after the other: each has a server, a database schema and connections of its own.
@Suite(.serialized) struct OverHTTP {}

/// The tokens of the tests.
enum TestToken: String, CaseIterable, Sendable {
    case client, reader, writer, person, otherClient, otherTenant, expired

    var secret: String { "\(StaticToken.prefix)\(rawValue)" }

    private var entry: StaticToken {
        let scopes: Scopes =
            switch self {
            case .reader: .read
            case .writer: .write
            case .client, .person, .otherClient, .otherTenant, .expired: .all
            }
        let principal = Principal(
            client: self == .otherClient ? "other" : "idp", tenant: self == .otherTenant ? "other" : "default",
            scopes: scopes, subject: self == .person ? "Person" : nil)
        return StaticToken(
            digest: TokenDigest(of: secret), principal: principal,
            expires: self == .expired ? Timestamp(microsecondsSinceEpoch: 1) : nil)
    }

    static var authenticator: StaticTokens { StaticTokens(allCases.map(\.entry)) }
}

/// An API that serves real HTTP on a port of its own, over a real database.
struct TestAPI: Sendable {
    let port: Int
    let database: PostgresConfiguration
    /// Of the API's connections.
    let statistics: @Sendable () -> DatabaseStatistics

    func get(_ path: String, headers: [(String, String)] = [], token: TestToken? = .client) async throws -> Answer {
        try await send("GET", path, headers: headers, token: token)
    }

    @discardableResult
    func post(_ path: String, _ body: JSONObject, headers: [(String, String)] = [], token: TestToken? = .client)
        async throws -> Answer
    {
        try await send("POST", path, body: body.serialize(), headers: headers, token: token)
    }

    func put(_ path: String, _ body: JSONObject, headers: [(String, String)] = [], token: TestToken? = .client)
        async throws -> Answer
    {
        try await send("PUT", path, body: body.serialize(), headers: headers, token: token)
    }

    @discardableResult
    func patch(
        _ path: String, _ operations: [JSONValue], headers: [(String, String)] = [], token: TestToken? = .client
    ) async throws -> Answer {
        let body: JSONObject = ["schemas": [.string(SchemaURN.patchOp)], "Operations": .array(operations)]
        return try await send("PATCH", path, body: body.serialize(), headers: headers, token: token)
    }

    func bulk(
        _ operations: [JSONValue], failOnErrors: Int? = nil, headers: [(String, String)] = []
    ) async throws -> Answer {
        var body: JSONObject = ["schemas": [.string(SchemaURN.bulkRequest)], "Operations": .array(operations)]
        if let failOnErrors { body["failOnErrors"] = .number(JSONNumber(Int64(failOnErrors))) }
        return try await post("/Bulk", body, headers: headers)
    }

    func delete(_ path: String, headers: [(String, String)] = [], token: TestToken? = .client) async throws -> Answer {
        try await send("DELETE", path, headers: headers, token: token)
    }

    func send(
        _ method: String, _ path: String, body: [UInt8]? = nil, headers: [(String, String)] = [],
        token: TestToken? = .client
    ) async throws -> Answer {
        try await send(method, absolute: SCIMAPI.prefix + path, body: body, headers: headers, token: token)
    }

    func send(
        _ method: String, absolute path: String, body: [UInt8]? = nil, headers: [(String, String)] = [],
        token: TestToken? = .client
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)")
        request.method = HTTPMethod(rawValue: method)
        if let token { request.headers.add(name: "Authorization", value: "Bearer \(token.secret)") }
        if let body {
            request.body = .bytes(body)
            if !headers.contains(where: { $0.0 == "Content-Type" }) {
                request.headers.add(name: "Content-Type", value: MediaType.scim)
            }
        }
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
        let bytes = try await response.body.collect(upTo: 64 << 20)
        return Answer(
            status: Int(response.status.code), headers: response.headers, body: Array(bytes.readableBytesView))
    }

    struct Job {
        let revision: Int64
        let operation: String
        let requestID: String
        let traceParent: String?
        let client: String
        let tenant: String
        let lane: String
    }

    /// The open jobs of a resource, oldest first.
    func jobs(of id: String) async throws -> [Job] {
        let id = try #require(ResourceID(id))
        return try await withConnection { connection in
            let statement = PostgresStatement(
                "test_jobs",
                """
                SELECT revision, operation, request_id, trace_parent, client, tenant, lane
                FROM job WHERE resource_id = $1::uuid ORDER BY revision
                """)
            return try await connection.execute(statement, [.uuid(high: id.high, low: id.low)]).map { row in
                Job(
                    revision: try row.int(0), operation: try row.string(1), requestID: try row.string(2),
                    traceParent: try row.optionalString(3), client: try row.string(4), tenant: try row.string(5),
                    lane: try row.string(6))
            }
        }
    }

    /// A connection of the test's own to the API's database.
    func withConnection<Value>(_ body: (PostgresConnection) async throws -> Value) async throws -> Value {
        let connection = try await PostgresConnection.open(database, label: "test", logger: PostgresForTests.logger)
        do {
            let value = try await body(connection)
            await connection.close()
            return value
        } catch {
            await connection.close()
            throw error
        }
    }
}

/// Serves an API for the time of `body`.
///
/// - Parameter server: Where the database is; the shared one when nil.
func withAPI(
    on server: PostgresServer? = nil, queue: WorkQueue? = nil,
    authenticator: any TokenAuthenticator = TestToken.authenticator,
    limits: RequestLimits = RequestLimits(), metrics: any MetricsFactory = NOOPMetricsHandler.instance,
    logger: Logger = PostgresForTests.logger, hasPasswordKey: Bool = true, registry: SchemaRegistry = .standard,
    rules: DirectoryRules = DirectoryRules(), backPressure: BackPressure? = nil,
    interactiveRate: Int = ClientRates.standard,
    configure: @Sendable (inout StorageConfiguration) -> Void = { _ in },
    _ body: @escaping @Sendable (TestAPI) async throws -> Void
) async throws {
    try await withSchema(on: server) { configuration in
        _ = try await Migrator(configuration: configuration, folder: schemaFolder, logger: logger).migrate()
        var storage = StorageConfiguration(
            postgres: configuration,
            sealer: hasPasswordKey ? try SecretSealer(keys: [Array(repeating: 7, count: 32)]) : nil,
            rules: rules)
        configure(&storage)
        let database = Database(configuration: storage, logger: logger)
        let api = SCIMAPI(
            database: database, queue: queue, authenticator: authenticator, baseURL: "https://scim.example/scim/v2",
            rules: rules, cursors: try CursorCodec(keys: [Array(repeating: 9, count: 32)]),
            acceptsPasswords: hasPasswordKey, registry: registry, limits: limits,
            backPressure: backPressure, interactiveRate: interactiveRate, logger: logger, metrics: metrics)
        do {
            try await serve(api, logger: logger) { port in
                try await body(TestAPI(port: port, database: configuration) { database.statistics })
            }
            await database.close()
        } catch {
            await database.close()
            throw error
        }
    }
}

private func serve(_ api: SCIMAPI, logger: Logger, _ body: @Sendable @escaping (Int) async throws -> Void) async throws
{
    let (ports, running) = AsyncStream.makeStream(of: Int.self)
    let application = Application(
        responder: api, server: .onEventLoops(SCIMAPI.httpConfiguration()),
        configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
        onServerRunning: { channel in
            if let port = channel.localAddress?.port { running.yield(port) }
            running.finish()
        },
        logger: logger)
    let services = ServiceGroup(configuration: ServiceGroupConfiguration(services: [application], logger: logger))
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await services.run() }
        var port: Int?
        for await first in ports { port = first }
        do {
            try await body(try #require(port))
        } catch {
            await services.triggerGracefulShutdown()
            throw error
        }
        await services.triggerGracefulShutdown()
        try await group.waitForAll()
    }
}

/// `schema/` of this package.
private let schemaFolder: String = {
    var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    // Tests/APITests/Support/TestAPI.swift
    parts.removeLast(4)
    return (parts + ["schema"]).joined(separator: "/")
}()

/// Waits until `condition` holds, at most 30 seconds.
func eventually(
    _ condition: () async throws -> Bool, sourceLocation: SourceLocation = #_sourceLocation
) async throws {
    let end = ContinuousClock.now + .seconds(30)
    while try await !condition() {
        guard ContinuousClock.now < end else {
            Issue.record("the condition did not come true in 30 s", sourceLocation: sourceLocation)
            return
        }
        try await Task.sleep(for: .milliseconds(20))
    }
}
