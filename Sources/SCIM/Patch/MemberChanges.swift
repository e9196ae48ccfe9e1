// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// What a PATCH does to the members of a group, in the order of its operations. The present members are not needed for
/// it, so it costs the same for a group of any size.
///
/// Nearly always that is one step, because what follows from the request alone is put together: of two operations
/// about one member the later one counts, and what came before a replacement does not matter.
package struct MemberChanges: Hashable, Sendable {
    /// One after the other, each on what the one before has left.
    package enum Step: Hashable, Sendable {
        /// No member is in both. Members that are there already, or not there, are passed over.
        case change(adding: [ValidatedResource.Member], removing: [ResourceID])
        /// These are the members, each once; none: the group has no members.
        case replace(with: [ValidatedResource.Member])
        /// The members whose sub-attributes fulfil a filter go. Paths within it begin with the sub-attribute, as in
        /// ``Filter/value(_:_:)``. Members that follow from the filter alone are in ``change(adding:removing:)``.
        /// `among`: only of these; nil: of all.
        case removeMatching(Filter, among: [ResourceID]? = nil)
    }

    package private(set) var steps: [Step] = []

    /// Whether the members stay as they are.
    package var isEmpty: Bool { steps.isEmpty }

    package init() {}

    fileprivate mutating func append(_ step: Step) {
        if case .change(let adding, let removing) = step, adding.isEmpty, removing.isEmpty { return }
        steps.append(step)
    }
}

/// Puts the operations on members together.
struct MemberChangeList {
    private enum Outcome {
        case member(ResourceType?)
        case removed
    }

    /// Before the last filter.
    private var finished = MemberChanges()
    /// Whether what follows is about a group without members.
    private var startsEmpty = false
    /// In the order in which they were named first.
    private var order: [ResourceID] = []
    private var outcomes: [ResourceID: Outcome] = [:]

    mutating func add(_ members: [ValidatedResource.Member]) {
        for member in members {
            switch outcomes[member.id] {
            case nil: order.append(member.id)
            case .member(let known?) where member.type == nil:
                outcomes[member.id] = .member(known)
                continue
            case .member, .removed: break
            }
            outcomes[member.id] = .member(member.type)
        }
    }

    mutating func remove(_ ids: [ResourceID]) {
        for id in ids where outcomes.updateValue(.removed, forKey: id) == nil { order.append(id) }
    }

    mutating func replace(with members: [ValidatedResource.Member]) {
        finished = MemberChanges()
        clear()
        startsEmpty = true
        add(members)
    }

    mutating func remove(matching filter: Filter, among ids: [ResourceID]?) {
        finished = changes
        clear()
        finished.append(.removeMatching(filter, among: ids))
    }

    var changes: MemberChanges {
        var adding: [ValidatedResource.Member] = []
        var removing: [ResourceID] = []
        for id in order {
            switch outcomes[id] {
            case .member(let type): adding.append(.init(id: id, type: type))
            case .removed, nil: removing.append(id)
            }
        }
        var changes = finished
        changes.append(startsEmpty ? .replace(with: adding) : .change(adding: adding, removing: removing))
        return changes
    }

    private mutating func clear() {
        startsEmpty = false
        order = []
        outcomes = [:]
    }
}

extension Filter {
    /// The members that a filter names by their ids alone, such as `value eq "…" or value eq "…"`; nil for every other
    /// filter. What is no id of a resource names nobody.
    var memberIDs: [ResourceID]? {
        switch self {
        case .compare(let path, .equal, .string(let id)) where path.leaf.name == "value":
            return ResourceID(id).map { [$0] } ?? []
        case .or(let terms):
            var ids: [ResourceID] = []
            for term in terms {
                guard let named = term.memberIDs else { return nil }
                ids.append(contentsOf: named)
            }
            return ids
        case .constant, .present, .compare, .and, .not, .value: return nil
        }
    }
}
