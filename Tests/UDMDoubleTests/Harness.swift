// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import Foundation
import JSON
import Logging
import NIOCore
import NIOHTTP1
import Testing
import UDMDouble

typealias Fault = UDMDouble.Fault
typealias Settings = UDMDouble.Settings
typealias LatencyDistribution = UDMDouble.LatencyDistribution
typealias RecordedRequest = UDMDouble.RecordedRequest
typealias JournalError = UDMDouble.JournalError

/// A double on a port of its own with a client, for one test.
func withDouble(
    _ configuration: UDMDouble.Configuration = .init(), _ body: (UDMDouble, Client) async throws -> Void
) async throws {
    var logger = Logger(label: "udm-double-test")
    logger.logLevel = .error
    let double = try UDMDouble(configuration, logger: logger)
    try await double.start()
    let client = try Client(double)
    do {
        try await body(double, client)
    } catch {
        try await client.http.shutdown()
        try await double.stop()
        throw error
    }
    try await client.http.shutdown()
    try await double.stop()
}

/// Only users.
func withUsers(
    _ names: String..., configuration: UDMDouble.Configuration = .init(),
    _ body: (UDMDouble, Client) async throws -> Void
) async throws {
    try await withDouble(configuration) { double, client async throws in
        for name in names { try await client.createUser(name) }
        try await body(double, client)
    }
}

func user(_ name: String) -> String { "users/user/uid=\(name),cn=users,dc=example,dc=org" }
func userDN(_ name: String) -> String { "uid=\(name),cn=users,dc=example,dc=org" }
func group(_ name: String) -> String { "groups/group/cn=\(name),cn=groups,dc=example,dc=org" }
func groupDN(_ name: String) -> String { "cn=\(name),cn=groups,dc=example,dc=org" }
let domainUsers = "cn=Domain Users,cn=groups,dc=example,dc=org"

enum Method: String {
    case get = "GET"
    case post = "POST"
    case put = "PUT"
    case patch = "PATCH"
    case delete = "DELETE"
}

/// A header field is looked up without regard to letter case.
struct Headers {
    var fields: [(name: String, value: String)]

    subscript(name: String) -> [String] {
        fields.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
    }

    func first(name: String) -> String? { self[name].first }
}

struct Reply {
    var status: Int
    var headers: Headers
    var bytes: [UInt8]

    /// Null for a body that is empty or no JSON.
    var json: JSONValue { (try? JSONValue(parsing: bytes, limits: JSONLimits(maximumBytes: 1 << 26))) ?? .null }
    var text: String { String(decoding: bytes, as: UTF8.self) }
    var etag: String? { headers.first(name: "Etag") }
    var location: String? { headers.first(name: "Location") }
    var properties: JSONValue { json["properties"] ?? .null }
    var objects: [JSONValue] { json["_embedded"]?["udm:object"]?.arrayValue ?? [] }
    var errors: [UDMFieldError] {
        (json["_embedded"]?["udm:error"]?.arrayValue ?? []).map {
            UDMFieldError(
                location: $0["location"]?.arrayValue?.compactMap(\.stringValue) ?? [],
                message: $0["message"]?.stringValue ?? "", type: $0["type"]?.stringValue ?? "")
        }
    }
}

struct UDMFieldError {
    var location: [String]
    var message: String
    var type: String
}

struct Client {
    static let authorization = "Basic c3ZjLXNjaW06dW5pdmVudGlvbg=="

    let http: HTTPClient
    let baseURL: String
    let controlURL: String

    init(_ double: UDMDouble) throws {
        baseURL = try #require(double.baseURL)
        controlURL = try #require(URL(string: "/-/double/", relativeTo: URL(string: baseURL))).absoluteString
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.httpVersion = .http1Only
        // A machine with other work to do may keep a connection waiting.
        configuration.timeout.connect = .seconds(60)
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 32
        http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// - Parameter path: below the base URL; spaces are encoded, everything else is sent as it is.
    func send(
        _ method: Method, _ path: String, _ body: JSONValue? = nil,
        headers: [String: String?] = [:]
    ) async throws -> Reply {
        try await send(method, url: baseURL + path, body?.serialize(), headers: headers)
    }

    func send(
        _ method: Method, url: String, _ body: [UInt8]?, headers: [String: String?] = [:]
    ) async throws -> Reply {
        var request = HTTPClientRequest(url: url.replacingOccurrences(of: " ", with: "%20"))
        request.method = HTTPMethod(rawValue: method.rawValue)
        var fields: [String: String?] = ["Accept": "application/json", "Authorization": Self.authorization]
        if body != nil { fields["Content-Type"] = "application/json" }
        for (name, value) in headers { fields.updateValue(value, forKey: name) }
        for (name, value) in fields { if let value { request.headers.add(name: name, value: value) } }
        if let body { request.body = .bytes(ByteBuffer(bytes: body)) }
        let response = try await http.execute(request, timeout: .seconds(60))
        let buffer = try await response.body.collect(upTo: 1 << 26)
        let headers = Headers(fields: response.headers.map { ($0.name, $0.value) })
        return Reply(status: Int(response.status.code), headers: headers, bytes: Array(buffer.readableBytesView))
    }

    func get(_ path: String, headers: [String: String?] = [:]) async throws -> Reply {
        try await send(.get, path, headers: headers)
    }

    func post(_ module: String, _ properties: JSONObject, position: String? = nil) async throws -> Reply {
        var body: JSONObject = ["properties": .object(properties)]
        if let position { body["position"] = .string(position) }
        return try await send(.post, "\(module)/", .object(body))
    }

    func patch(_ path: String, _ properties: JSONObject, headers: [String: String?] = [:]) async throws -> Reply {
        try await send(.patch, path, ["properties": .object(properties)], headers: headers)
    }

    func put(
        _ path: String, _ properties: JSONObject, position: String, headers: [String: String?] = [:]
    ) async throws -> Reply {
        try await send(
            .put, path, ["position": .string(position), "properties": .object(properties)], headers: headers)
    }

    func delete(_ path: String, headers: [String: String?] = [:]) async throws -> Reply {
        try await send(.delete, path, headers: headers)
    }

    /// The least that a user needs, and more.
    @discardableResult
    func createUser(_ name: String, _ more: JSONObject = [:]) async throws -> Reply {
        let reply = try await post("users/user", userProperties(name, more))
        #expect(reply.status == 201, "\(reply.text)")
        return reply
    }

    @discardableResult
    func createGroup(_ name: String, _ more: JSONObject = [:]) async throws -> Reply {
        var properties = more
        properties["name"] = .string(name)
        let reply = try await post("groups/group", properties)
        #expect(reply.status == 201, "\(reply.text)")
        return reply
    }

    func control(_ method: Method, _ path: String, _ body: JSONValue? = nil) async throws -> Reply {
        try await send(method, url: controlURL + path, body?.serialize(), headers: ["Authorization": nil])
    }
}

func userProperties(_ name: String, _ more: JSONObject = [:]) -> JSONObject {
    var properties: JSONObject = [
        "username": .string(name), "lastname": "Roe", "firstname": "Jo", "password": "S3cret-x9",
    ]
    for (key, value) in more { properties[key] = value }
    return properties
}

/// A directory of its own, removed afterwards.
func withTemporaryDirectory(_ body: (String) async throws -> Void) async throws {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("udm-double-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    do {
        try await body(url.path)
    } catch {
        try FileManager.default.removeItem(at: url)
        throw error
    }
    try FileManager.default.removeItem(at: url)
}
