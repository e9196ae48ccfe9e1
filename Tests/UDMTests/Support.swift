// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Logging
import Metrics
import SCIM
import Testing
import UDM

let requestID = "5d0c6a4e-7a2b-4c55-9a3e-0d4f5b1c2e3f"
let roe = "uid=jroe,cn=users,dc=example,dc=org"

/// A client of a server that answers as `respond` says, for the time of `body`.
func withUDM<Value>(
    configure: (inout UDMConfiguration) -> Void = { _ in },
    metrics: any MetricsFactory = NOOPMetricsHandler.instance,
    respond: @escaping @Sendable (ScriptedServer.Request) -> ScriptedServer.Reply,
    _ body: (UDMClient, ScriptedServer) async throws -> Value
) async throws -> Value {
    let server = try await ScriptedServer.start(respond: respond)
    var configuration = UDMConfiguration(
        baseURL: "http://127.0.0.1:\(server.port)/univention/udm/", username: "svc-scim", password: "s3cret pass",
        timeout: .seconds(20), connectTimeout: .seconds(5))
    configure(&configuration)
    let client = try UDMClient(
        configuration: configuration, logger: Logger(label: "udm-tests") { _ in SwiftLogNoOpLogHandler() },
        metrics: metrics)
    do {
        let value = try await body(client, server)
        try await client.shutdown()
        try await server.stop()
        return value
    } catch {
        try await client.shutdown()
        try await server.stop()
        throw error
    }
}

/// The error of a call that must fail.
func udmError(_ call: () async throws -> Void, sourceLocation: SourceLocation = #_sourceLocation) async throws
    -> UDMError
{
    do {
        try await call()
    } catch let error as UDMError {
        return error
    }
    Issue.record("the call did not fail", sourceLocation: sourceLocation)
    throw NoFailure()
}

struct NoFailure: Error {}

/// An error as UDM words it (`udm-rest-api` section 8.1).
func errorBody(_ code: Int, _ items: [(location: [String], message: String)] = [], message: String = "") -> String {
    let errors = items.map { item -> JSONValue in
        [
            "location": .array(item.location.map { .string($0) }), "message": .string(item.message),
            "type": "value_error",
        ]
    }
    var body: JSONObject = [
        "error": [
            "code": .number(JSONNumber(Int64(code))), "title": "Title", "message": .string(message),
            "error": [:],
        ]
    ]
    if !errors.isEmpty { body["_embedded"] = ["udm:error": .array(errors)] }
    return JSONValue.object(body).text
}

func json(_ text: String) throws -> JSONValue { try JSONValue(parsing: text) }

func object(_ text: String) throws -> JSONObject {
    try #require(json(text).objectValue)
}
