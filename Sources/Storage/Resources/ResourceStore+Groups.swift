// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Postgres
package import SCIM
internal import Synchronization

/// A group with its members.
package enum GroupReading: Sendable {
    case whole(StoredResource)
    /// It has more than ``StoredResource/manyMembers``.
    case long(LongGroup)
}

/// A group whose members are to be read while they are sent: its attributes and revision, and its members, as they are in one snapshot of the
/// database. It holds a connection until its text was taken to the end, or until it is dropped.
package final class LongGroup: Sendable {
    fileprivate enum Piece: Sendable {
        case group(StoredResource?)
        case members([GroupMember])
    }

    /// Without its members.
    package let resource: StoredResource
    private let stream: SnapshotStream<Piece>
    private let baseURL: String

    fileprivate init(resource: StoredResource, stream: SnapshotStream<Piece>, baseURL: String) {
        self.resource = resource
        self.stream = stream
        self.baseURL = baseURL
    }

    /// The text of the group: `object`, and in it as its last attribute `members`, in the order of their ids. To be asked for once.
    ///
    /// - Parameters:
    ///   - object: Text of a JSON object without `members`, such as ``ResourceRenderer`` makes of ``resource``.
    ///   - parts: Not empty.
    package func text(around object: [UInt8], parts: MemberParts = .all) -> MemberText {
        let format = MemberJSON(baseURL: baseURL, parts: parts)
        let progress = Mutex(Progress.beginning)
        return MemberText { [self] in
            let before = progress.withLock { $0 }
            if before == .end { return nil }
            let members: [GroupMember]? =
                if case .members(let page)? = try await stream.next() { page } else { nil }
            progress.withLock { $0 = members == nil ? .end : .members }
            if before == .beginning, members == nil { return object }
            var json: [UInt8] = []
            json.reserveCapacity((before == .beginning ? object.count : 0) + (members?.count ?? 0) * 256 + 16)
            if before == .beginning { MemberJSON.open(object, to: &json) }
            for (index, member) in (members ?? []).enumerated() {
                format.append(member, isFirst: before == .beginning && index == 0, to: &json)
            }
            if members == nil { MemberJSON.close(to: &json) }
            return json
        }
    }

    private enum Progress: Sendable { case beginning, members, end }

    static func open(
        _ pool: StreamPool, _ id: ResourceID, tenant: String, client: String, baseURL: String
    ) async throws -> LongGroup? {
        let parameters: [PostgresParameter] = [
            .text(tenant), .id(id), .text(client), .text(ResourceType.group.rawValue),
        ]
        let stream = SnapshotStream<Piece>(pool) { connection, give in
            let result = try await connection.execute(ReadStatements.resource, parameters)
            let group = try result.first.map { try ResourceStore.resource($0, .group, id, memberCount: 6) }
            try await give(.group(group))
            guard group != nil else { return }
            var pages = MemberPages(tenant: tenant, group: id, connection: connection)
            while let page = try await pages.next() { try await give(.members(page)) }
        }
        guard case .group(let resource?)? = try await stream.next() else { return nil }
        return LongGroup(resource: resource, stream: stream, baseURL: baseURL)
    }
}

extension ResourceStore {
    /// A group with its members: at once when they are few, and otherwise to be read as they are sent.
    ///
    /// - Parameters:
    ///   - client: Whose `externalId` is meant.
    ///   - baseURL: Such as `https://host/scim/v2`.
    /// - Returns: nil if there is no such group.
    package func readGroup(
        _ id: ResourceID, tenant: String, client: String, baseURL: String
    ) async throws -> GroupReading? {
        let result = try await reader.execute(
            ReadStatements.groupWithMembers,
            [.text(tenant), .id(id), .text(client), .text(baseURL), .int(StoredResource.manyMembers)])
        guard let row = result.first else { return nil }
        if try row.bool(7) { return .whole(try Self.resource(row, .group, id, related: 6)) }
        return try await LongGroup.open(streams, id, tenant: tenant, client: client, baseURL: baseURL)
            .map(GroupReading.long)
    }

    /// The text of a list of groups with their members, however many these are: `head`, the groups between commas, `tail`. It holds a connection until
    /// it was taken to the end, or is dropped.
    ///
    /// - Parameters:
    ///   - groups: In the order of the list, each with the text of a JSON object without `members`, which is put into it as its last attribute. A group that
    ///     has none is left as it is.
    ///   - parts: Not empty.
    package func text(
        of groups: [(id: ResourceID, object: [UInt8])], from head: [UInt8], to tail: [UInt8], tenant: String,
        baseURL: String, parts: MemberParts = .all
    ) async throws -> MemberText {
        let list = GroupList(
            groups: groups, head: head, tail: tail, tenant: tenant, format: MemberJSON(baseURL: baseURL, parts: parts))
        let stream = SnapshotStream<[UInt8]>(streams) { connection, give in
            try await list.read(connection, give)
        }
        // Now, so that what fails at the beginning fails before an answer has begun.
        let first = Mutex(try await stream.next())
        return MemberText {
            let part = first.withLock { part in
                defer { part = nil }
                return part
            }
            if let part { return part }
            return try await stream.next()
        }
    }
}
