// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import NIOHTTP1

/// Sets up the UDM double and reads its evidence, over its control requests.
struct UDMDoubleControl: Sendable {
    /// What the double says of the writes it took.
    struct Evidence: Sendable, Equatable {
        /// No write of one object overlapped another, and no identifier is there twice.
        var isSound: Bool
        var users: Int
        var writes: Int
        var mostAtOnce: Int
    }

    private let client: SCIMClient

    /// - Parameter base: Of the double's UDM, such as http://127.0.0.1:9979/univention/udm/.
    init(_ base: Target) throws {
        client = SCIMClient(
            target: try Target("\(base.origin)/-/double", allowingRemote: false), token: nil)
    }

    func shutDown() async throws { try await client.shutDown() }

    /// Every request takes so long from now on.
    func setLatency(milliseconds: Double) async throws { try await set(.fixed(milliseconds: milliseconds)) }

    /// - Precondition: No other pace with slower searches was set since the last ``reset()``, which ends them.
    func set(_ pace: UDMPace) async throws {
        let answer = try await client.send(.PATCH, "/settings", body: pace.settings.serialize())
        guard answer.status == 200 || answer.status == 204 else {
            throw client.unexpected(answer, to: "PATCH of the double's settings")
        }
        if let fault = pace.searchFault { try await add(fault) }
    }

    /// Forgets the requests so far; the objects stay.
    func reset() async throws {
        let answer = try await client.send(.POST, "/reset")
        guard answer.status < 300 else { throw client.unexpected(answer, to: "reset of the double") }
    }

    /// From now on every request to UDM ends like that.
    /// - Parameter effect: Such as `dropBeforeCommit`; see docs/developing/doubles.md.
    func setFault(_ effect: String) async throws {
        try await add(["effect": .string(effect)])
    }

    private func add(_ fault: JSONValue) async throws {
        let answer = try await client.send(.POST, "/faults", body: fault.serialize())
        guard answer.status == 201 else { throw client.unexpected(answer, to: "a fault of the double") }
    }

    /// UDM answers as it should again.
    func clearFaults() async throws {
        let answer = try await client.send(.DELETE, "/faults")
        guard answer.status < 300 else { throw client.unexpected(answer, to: "DELETE of the double's faults") }
    }

    /// A request that the double took.
    struct Request: Sendable {
        let sequence: Int
        /// Microseconds since 1970.
        let started: Int64
        /// Of the object, when there is one.
        let identifier: String?
        let method: String

        var isWrite: Bool { method != "GET" && method != "HEAD" && method != "OPTIONS" }
    }

    /// In the order of their arrival, since the last ``reset()``.
    func requests(after sequence: Int, limit: Int) async throws -> [Request] {
        let page = try await client.get("/requests", [("after", "\(sequence)"), ("limit", "\(limit)")])
        return (page["requests"]?.arrayValue ?? []).compactMap { request in
            guard let sequence = request["sequence"]?.integerValue, let started = request["started"]?.integerValue
            else { return nil }
            return Request(
                sequence: Int(sequence), started: started, identifier: request["identifier"]?.stringValue,
                method: request["method"]?.stringValue ?? "")
        }
    }

    /// How many members a group has in UDM; nil when the group is not there.
    /// - Parameter identifier: `univentionObjectIdentifier`.
    func members(ofGroup identifier: String) async throws -> Int? {
        let page = try await client.get(
            "/objects", [("identifier", identifier), ("module", "groups/group"), ("properties", "users")])
        guard let group = page["objects"]?[0] else { return nil }
        return group["properties"]?["users"]?.arrayValue?.count ?? 0
    }

    func evidence() async throws -> Evidence {
        let check = try await client.get("/check")
        return Evidence(
            isSound: check["sound"]?.boolValue ?? false,
            users: Int(check["objects"]?["users/user"]?.integerValue ?? 0),
            writes: Int(check["commits"]?.integerValue ?? 0),
            mostAtOnce: Int(check["mostInProgress"]?.integerValue ?? 0))
    }
}
