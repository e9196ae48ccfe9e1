// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import SCIM
internal import Storage

/// The states of a resource before and after a write, as an event shows them (contract E-2, 6.2 to 6.5).
struct Change {
    /// How much of the states is shown.
    enum Detail {
        case complete
        /// Members are left out, the metadata says which were added and removed (E-10).
        case withoutMembers
        /// Only what identifies the resource; its reader can get the rest from SCIM.
        case identifiers
    }

    private struct State {
        let members: JSONObject
        let revision: Int64
        /// `nil` when there are too many to be kept with the event.
        let memberList: [JSONValue]?
    }

    private let type: ResourceType
    private let id: ResourceID
    private let old: State?
    private let new: State?
    /// As `group_members_delta` gives it; whether there were more.
    private let recordedDelta: (added: [JSONValue], removed: [JSONValue])
    private let isRecordedDeltaTruncated: Bool

    /// The most ids of added, and of removed, members that are kept with an event.
    private static let longestRecordedDelta = 10_000

    init(_ event: OutboxEvent) throws(EventProblem) {
        type = event.type
        id = event.resourceID
        old = try Self.state(event.oldState, event.revision - 1, event.oldMembers)
        new = try Self.state(event.newState, event.revision, event.newMembers)
        let delta = try event.membersDelta.map { (text) throws(EventProblem) in try EventBuilder.parse(text, "members")
        }
        let added = delta?["added"]?.arrayValue ?? []
        let removed = delta?["removed"]?.arrayValue ?? []
        recordedDelta = (
            Array(added.prefix(Self.longestRecordedDelta)), Array(removed.prefix(Self.longestRecordedDelta))
        )
        isRecordedDeltaTruncated = max(added.count, removed.count) > Self.longestRecordedDelta
    }

    /// From the most complete on.
    static func details(of type: ResourceType) -> [Detail] {
        type == .group ? [.complete, .withoutMembers, .identifiers] : [.complete, .identifiers]
    }

    /// Both sides with `metadata`, to which is added what had to be left out.
    func sides(
        _ detail: Detail, maximumBytes: Int, metadata: inout JSONObject, _ location: String?
    ) -> (old: JSONObject, new: JSONObject) {
        let states = [old, new].compactMap(\.self)
        let lacksMembers = type == .group && states.contains { $0.memberList == nil }
        let showsMembers = detail == .complete && !lacksMembers
        if type == .group && !showsMembers {
            metadata["membersOmitted"] = true
            // Half of the space, whatever else there is; two sides carry the metadata, and 40 bytes take an id with its comma.
            let (delta, isTruncated) = delta(upTo: detail == .complete ? .max : maximumBytes / 4 / 40)
            metadata["membersDelta"] = delta
            if isTruncated { metadata["membersDeltaTruncated"] = true }
        }
        if detail == .identifiers { metadata["attributesOmitted"] = true }
        func side(_ state: State?) -> JSONObject {
            state.map { self.side($0, detail, showsMembers: showsMembers, metadata, location) } ?? [:]
        }
        return (side(old), side(new))
    }

    private func side(
        _ state: State, _ detail: Detail, showsMembers: Bool, _ metadata: JSONObject, _ location: String?
    ) -> JSONObject {
        let attributes = state.members["resource"]?.objectValue ?? [:]
        var schemas: [JSONValue] = [.string(type.coreSchema)]
        schemas += attributes.keys.filter { $0.hasPrefix("urn:") }.map { .string($0) }
        var side: JSONObject = [
            "objectType": .string(type.rawValue), "schemas": .array(schemas), "id": .string("\(id)"),
        ]
        if let externalID = state.members["externalId"], !externalID.isNull { side["externalId"] = externalID }
        if detail == .identifiers {
            side["schemas"] = [.string(type.coreSchema)]
            let name = type == .user ? "userName" : "displayName"
            side[name] = attributes[name]
        } else {
            for (name, value) in attributes where side[name] == nil { side[name] = value }
        }
        if showsMembers, let members = state.memberList { side["members"] = .array(members) }
        side["meta"] = .object(meta(state, location))
        side[EventBuilder.metadataKey] = .object(metadata)
        return side
    }

    private func meta(_ state: State, _ location: String?) -> JSONObject {
        var meta: JSONObject = ["resourceType": .string(type.rawValue)]
        for (name, key) in [("created", "created"), ("lastModified", "modified")] {
            guard let text = state.members[key]?.stringValue else { continue }
            meta[name] = .string(Timestamp(iso8601: text)?.iso8601Milliseconds ?? text)
        }
        if let location { meta["location"] = .string("\(location)\(id)") }
        meta["version"] = .string(ResourceRenderer.etag(state.revision))
        return meta
    }

    // MARK: Members

    /// Ids of added and removed members, at most `limit` of them in all.
    private func delta(upTo limit: Int) -> (JSONValue, isTruncated: Bool) {
        let (added, removed, isPartial) = completeDelta
        let shownAdded = added.prefix(limit)
        let shownRemoved = removed.prefix(limit - shownAdded.count)
        let isTruncated = isPartial || shownAdded.count + shownRemoved.count < added.count + removed.count
        return (["added": .array(Array(shownAdded)), "removed": .array(Array(shownRemoved))], isTruncated)
    }

    private var completeDelta: (added: [JSONValue], removed: [JSONValue], isPartial: Bool) {
        guard let before = Self.ids(old), let after = Self.ids(new) else {
            return (recordedDelta.added, recordedDelta.removed, isRecordedDeltaTruncated)
        }
        let (had, has) = (Set(before), Set(after))
        return (after.filter { !had.contains($0) }, before.filter { !has.contains($0) }, false)
    }

    /// Ids of the members of a state; none for no state, `nil` for a state whose members are not kept.
    private static func ids(_ state: State?) -> [JSONValue]? {
        guard let state else { return [] }
        return state.memberList?.compactMap { $0["value"] }
    }

    private static func state(
        _ text: [UInt8]?, _ revision: Int64, _ members: [UInt8]?
    ) throws(EventProblem) -> State? {
        guard let text else { return nil }
        guard let state = try EventBuilder.parse(text, "state").objectValue, state["resource"]?.objectValue != nil
        else {
            throw .unreadable("state")
        }
        var list: [JSONValue]?
        if let members {
            guard let elements = try EventBuilder.parse(members, "members").arrayValue else {
                throw .unreadable("members")
            }
            list = elements
        }
        return State(members: state, revision: revision, memberList: list)
    }
}
