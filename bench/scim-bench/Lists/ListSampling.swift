// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import JSON

/// Draws what the lists are asked for from a loaded directory.
struct ListSampling: Sendable {
    private static let connections = 4
    /// So many of the latest changes are asked for at most.
    private static let latest = 2000
    private static let largestPage = 1000

    let client: SCIMClient
    let users: DirectoryUsers
    /// How many of them are loaded.
    let userCount: Int
    /// Of each list that compares with a value.
    let sampleCount: Int
    /// Counted from 1, of pages of ``ListQuery/pageSize``.
    let deepPage: Int

    /// - Throws: ``BenchFailure`` when the server does not know the users, or does not do what is asked for.
    func samples() async throws -> [ListQuery: [ListSample]] {
        let people = people()
        let found = try await look(for: people)
        var samples: [ListQuery: [ListSample]] = [:]
        samples[.userName] = people.map { ListSample(.userName, $0.userName) }
        samples[.externalId] = people.map { ListSample(.externalId, $0.externalId) }
        samples[.id] = found.map { ListSample(.id, $0.id) }
        samples[.email] = people.map { ListSample(.email, $0.homeAddress) }
        samples[.workEmail] = people.map { ListSample(.workEmail, $0.workAddress) }
        samples[.displayName] = people.map {
            ListSample(.displayName, $0.displayName, end: Self.end(ofPrefix: $0.displayName))
        }
        samples[.partOfUserName] = people.map { ListSample(.partOfUserName, Self.part(of: $0.userName)) }
        samples[.modified] = found.map { ListSample(.modified, $0.lastModified) }
        samples[.modifiedRecently] = try await latestChanges().map { ListSample(.modifiedRecently, $0) }
        samples[.firstPage] = [ListSample(parameters: Self.page(cursor: ""), value: "")]
        samples[.deepPage] = [try await behindThePages()]
        return samples
    }

    /// Of the users drawn.
    func ids() async throws -> [String] { try await look(for: people()).map(\.id) }

    private func people() -> [DirectoryUser] {
        var generator = SeededGenerator(seed: users.seed &+ 0x5CED)
        return (0..<sampleCount).map { _ in users.user(Int.random(in: 0..<userCount, using: &generator)) }
    }

    /// The beginning of what comes behind everything with this prefix.
    static func end(ofPrefix prefix: String) -> String {
        var scalars = Array(prefix.lowercased().unicodeScalars)
        while let last = scalars.popLast() {
            if let next = Unicode.Scalar(last.value + 1) {
                return String(String.UnicodeScalarView(scalars + [next]))
            }
        }
        return ""
    }

    /// Six digits from the middle of the ten at the end.
    static func part(of userName: String) -> String { String(userName.suffix(8).prefix(6)) }

    private static func page(cursor: String) -> [(String, String)] {
        [("cursor", cursor), ("count", "\(ListQuery.pageSize)")]
    }

    // MARK: - Asking

    private func look(for people: [DirectoryUser]) async throws -> [(id: String, lastModified: String)] {
        try await inTurn(people.indices, atOnce: Self.connections) { try await look(for: people[$0]) }
    }

    private func look(for user: DirectoryUser) async throws -> (id: String, lastModified: String) {
        let list = try await client.get(
            "/Users", [("filter", "userName eq \"\(user.userName)\""), ("attributes", "externalId,meta.lastModified")])
        let resource = list["Resources"]?[0]
        guard try SCIMClient.total(of: list) == 1, let id = resource?["id"]?.stringValue,
            let lastModified = resource?["meta"]?["lastModified"]?.stringValue,
            resource?["externalId"]?.stringValue == user.externalId
        else {
            throw BenchFailure("the user \(user.userName) is not there as it was loaded. Run `scim-bench load` first")
        }
        return (id, lastModified)
    }

    /// Of the latest changes, in no order.
    private func latestChanges() async throws -> [String] {
        var times: [String] = []
        let count = min(Self.latest, userCount)
        while times.count < count {
            let list = try await client.get(
                "/Users",
                [
                    ("sortBy", "meta.lastModified"), ("sortOrder", "descending"), ("attributes", "meta.lastModified"),
                    ("startIndex", "\(times.count + 1)"), ("count", "\(min(Self.largestPage, count - times.count))"),
                ])
            let page = (list["Resources"]?.arrayValue ?? [])
                .compactMap { $0["meta"]?["lastModified"]?.stringValue }
            guard !page.isEmpty else { throw BenchFailure("the list by meta.lastModified ends too early") }
            times += page
        }
        var generator = SeededGenerator(seed: users.seed &+ 0x1A7E)
        return Array(times.shuffled(using: &generator).prefix(sampleCount))
    }

    /// Goes from cursor to cursor; a cursor continues a list, with whatever page size.
    private func behindThePages() async throws -> ListSample {
        var left = (deepPage - 1) * ListQuery.pageSize
        var cursor = ""
        var last = ""
        while left > 0 {
            let count = min(left, Self.largestPage)
            let list = try await client.get(
                "/Users", [("cursor", cursor), ("count", "\(count)"), ("attributes", "id")])
            let page = list["Resources"]?.arrayValue ?? []
            guard let next = list["nextCursor"]?.stringValue, let id = page.last?["id"]?.stringValue else {
                throw BenchFailure("the list by cursor ends \(left) users before page \(deepPage)")
            }
            (cursor, last) = (next, id)
            left -= page.count
        }
        return ListSample(parameters: Self.page(cursor: cursor), value: last)
    }
}
