// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import NIOHTTP1
internal import Synchronization

/// What it costs to add one member to a large group, beside the same on a small one.
final class GroupsScenario: Scenario {
    let client: SCIMClient
    private let patches: MemberPatches
    /// Revisions of the two groups together when the last run was over; nil: the server does not count them.
    private let revisions = Mutex<Int?>(nil)

    init(client: SCIMClient, patches: MemberPatches) {
        self.client = client
        self.patches = patches
    }

    var name: String { "groups" }

    private var groups: [String] { [patches.largeGroup, patches.smallGroup] }

    func requests(run: Int) -> any RequestSource { patches }

    /// Adds a member to both groups and removes it again, with proof that it was in and is out.
    func tryOut() async throws {
        guard let user = patches.users.first else { throw BenchFailure("there is no user to add to the groups") }
        for group in groups {
            try await patch(group, add: true, user: user)
            guard try await isMember(user, of: group) else {
                throw BenchFailure("the group \(group) took a member that is not in it")
            }
            try await patch(group, add: false, user: user)
            guard try await !isMember(user, of: group) else {
                throw BenchFailure("the group \(group) still has a member that was removed")
            }
        }
        let now = try await currentRevisions()
        revisions.withLock { $0 = now }
    }

    /// Every accepted change is a revision of its group.
    func verify(_ result: LoadResult, run: Int) async throws -> [String] {
        let before = revisions.withLock { $0 }
        let after = try await currentRevisions()
        for sample in result.samples {
            guard let user = sample.id else { continue }
            for group in groups { try await patch(group, add: false, user: user) }
        }
        let now = try await currentRevisions()
        revisions.withLock { $0 = now }
        guard let before, let after, after - before != result.accepted else { return [] }
        return ["\(result.accepted) changes were accepted, but the groups have \(after - before) revisions more"]
    }

    func limit(in result: LoadResult) -> LimitResult? {
        guard result.latencies.count > MemberPatches.Series.small else { return nil }
        let small = result.latencies[MemberPatches.Series.small]
        let seconds = result.measuredSeconds
        return LimitResult(
            rate: seconds > 0 ? Double(small.count) / seconds : 0, latency: small.mean, processorUse: nil, problems: [],
            percentiles: small)
    }

    // MARK: - The server

    private func patch(_ group: String, add: Bool, user: String) async throws {
        let body = MemberPatches.body(add: add, user: user).serialize()
        let answer = try await client.send(.PATCH, "/Groups/\(group)", body: body)
        guard answer.status == 200 || answer.status == 204 else {
            throw client.unexpected(answer, to: "PATCH of the group \(group)")
        }
    }

    private func isMember(_ user: String, of group: String) async throws -> Bool {
        try await client.total("/Groups", filter: "id eq \"\(group)\" and members.value eq \"\(user)\"") == 1
    }

    private func currentRevisions() async throws -> Int? {
        var sum = 0
        for group in groups {
            let resource = try await client.get("/Groups/\(group)", [("attributes", "id,meta.version")])
            guard let version = resource["meta"]?["version"]?.stringValue, let number = Self.number(in: version) else {
                return nil
            }
            sum += number
        }
        return sum
    }

    /// Of an entity tag such as `W/"17"`.
    static func number(in tag: String) -> Int? {
        let parts = tag.split(separator: "\"", omittingEmptySubsequences: false)
        return parts.count == 3 ? Int(parts[1]) : nil
    }
}
