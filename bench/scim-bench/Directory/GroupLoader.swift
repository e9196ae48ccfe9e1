// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import NIOHTTP1

/// Creates a group with its members in one request, or finds it.
struct GroupLoader: Sendable {
    struct Outcome: Sendable, Equatable {
        var id = ""
        /// Nil when it was there already.
        var creation: Creation?
        /// Of the answer with all members.
        var readSeconds = 0.0
        var readBytes = 0
    }

    struct Creation: Sendable, Equatable {
        let seconds: Double
        let bytes: Int
    }

    /// What the bridge takes.
    private static let largestBody = 16 << 20
    private static let answerLimit: Duration = .seconds(600)

    let client: SCIMClient

    /// - Returns: Nil when there is no group of this name.
    func find(_ name: String) async throws -> String? {
        let list = try await client.get(
            "/Groups", [("filter", "displayName eq \"\(name)\""), ("attributes", "id"), ("count", "2")])
        let groups = list["Resources"]?.arrayValue ?? []
        guard groups.count < 2 else { throw BenchFailure("there are several groups \"\(name)\". Remove all but one") }
        return groups.first?["id"]?.stringValue
    }

    /// - Parameter members: Ids of users. Asked for only if the group is to be made.
    /// - Throws: ``BenchFailure`` also when the group has not all its members afterwards.
    func load(_ name: String, size: Int, members: () async throws -> [String]) async throws -> Outcome {
        var outcome = Outcome()
        if let id = try await find(name) {
            outcome.id = id
        } else {
            let members = try await members()
            guard members.count == size else {
                throw BenchFailure("the server lists \(members.count) users, a group of \(size) is to be made of them")
            }
            (outcome.id, outcome.creation) = try await create(name, members)
        }
        let began = ContinuousClock.now
        let answer = try await client.send(.GET, "/Groups/\(outcome.id)", limit: Self.answerLimit)
        guard answer.status == 200 else { throw client.unexpected(answer, to: "GET of the group \(name)") }
        outcome.readSeconds = (ContinuousClock.now - began) / .seconds(1)
        outcome.readBytes = answer.body.count
        let found = try answer.json()["members"]?.arrayValue?.count ?? 0
        guard found >= size else {
            throw BenchFailure("the group \(name) has \(found) members instead of \(size). Use another --seed")
        }
        return outcome
    }

    private func create(_ name: String, _ members: [String]) async throws -> (id: String, Creation) {
        let body = DirectoryGroups.resource(name, members: members).serialize()
        guard body.count <= Self.largestBody else {
            throw BenchFailure("a group of \(members.count) members needs \(body.count) bytes; 16 MiB is the most")
        }
        let began = ContinuousClock.now
        let answer = try await client.send(
            .POST, "/Groups?excludedAttributes=members", body: body, limit: Self.answerLimit)
        let seconds = (ContinuousClock.now - began) / .seconds(1)
        guard answer.status == 201, let id = try answer.json()["id"]?.stringValue else {
            throw client.unexpected(answer, to: "POST of the group \(name)")
        }
        return (id, Creation(seconds: seconds, bytes: body.count))
    }
}
