// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import SCIM

/// What steps of a change come to, whoever the members are now.
struct MemberIntent: Sendable {
    /// Whether the present members stay, but for those who are removed.
    private(set) var keepsPresent = true
    /// In the order of the ids, each once.
    private(set) var added: [ValidatedResource.Member] = []
    /// In order, each once, and none who is added. Empty unless present members stay.
    private(set) var removed: [ResourceID] = []

    init() {}

    /// nil when a step depends on the members themselves.
    init?(_ steps: [MemberChanges.Step]) {
        for step in steps {
            switch step {
            case .change(let adding, let removing): change(adding: adding, removing: removing)
            case .replace(let members): replace(with: members)
            case .removeMatching: return nil
            }
        }
    }

    mutating func change(adding: [ValidatedResource.Member], removing: [ResourceID]) {
        var going = Set(removing)
        for member in adding { going.remove(member.id) }
        if !going.isEmpty { added.removeAll { going.contains($0.id) } }
        added = Self.sorted(added + adding)
        guard keepsPresent else { return }
        if !removed.isEmpty {
            let coming = Set(adding.map(\.id))
            going.formUnion(removed.filter { !coming.contains($0) })
        }
        removed = going.sorted()
    }

    mutating func replace(with members: [ValidatedResource.Member]) {
        keepsPresent = false
        removed = []
        added = Self.sorted(members)
    }

    /// Of who was named twice the later type counts.
    private static func sorted(_ members: [ValidatedResource.Member]) -> [ValidatedResource.Member] {
        guard zip(members, members.dropFirst()).contains(where: { $0.id >= $1.id }) else { return members }
        var distinct: [ValidatedResource.Member] = []
        distinct.reserveCapacity(members.count)
        for (_, member) in members.enumerated().sorted(by: { ($0.element.id, $0.offset) < ($1.element.id, $1.offset) })
        {
            if distinct.last?.id != member.id {
                distinct.append(member)
            } else if member.type != nil {
                distinct[distinct.count - 1] = member
            }
        }
        return distinct
    }
}

extension MemberChanges.Step {
    /// Everyone who might come.
    var added: [ValidatedResource.Member] {
        switch self {
        case .change(let members, _), .replace(let members): members
        case .removeMatching: []
        }
    }
}
