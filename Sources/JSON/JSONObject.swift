// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// The members of a JSON object in the order in which they were written.
///
/// Two objects are equal when they have equal members, in whatever order. Keys are compared code point by code point
/// (RFC 8259 section 8.3), not by Swift's canonical equivalence.
package struct JSONObject: Sendable {
    package typealias Element = (key: String, value: JSONValue)

    /// Up to this many members a search by comparison is faster than one by hash.
    static let searchedByComparison = 32

    private var members: [Element]
    /// Where each key stands in `members`; nil for small objects.
    private var positions: [ExactString: Int]?

    package init() { members = [] }

    /// - Precondition: no key occurs twice.
    package init(uniqueMembers: [(String, JSONValue)]) {
        members = uniqueMembers.map { (key: $0.0, value: $0.1) }
        reindex()
        if positions == nil {
            for index in members.indices {
                precondition(position(of: members[index].key) == index, "a JSON object has every key once")
            }
        }
    }

    /// The parser has compared the keys already, and made `positions` if there are many.
    init(checkedMembers: [Element], positions: [ExactString: Int]?) {
        members = checkedMembers
        self.positions = positions
    }

    package var count: Int { members.count }
    package var isEmpty: Bool { members.isEmpty }
    package var keys: [String] { members.map(\.key) }
    package var values: [JSONValue] { members.map(\.value) }

    package func contains(_ key: String) -> Bool { position(of: key) != nil }

    /// A new key goes to the end; setting nil removes the member, and the others keep their order.
    package subscript(key: String) -> JSONValue? {
        get { position(of: key).map { members[$0].value } }
        set {
            if let newValue {
                setValue(newValue, forKey: key)
            } else {
                removeValue(forKey: key)
            }
        }
    }

    @discardableResult
    package mutating func removeValue(forKey key: String) -> JSONValue? {
        guard let position = position(of: key) else { return nil }
        let removed = members.remove(at: position).value
        reindex()
        return removed
    }

    package mutating func reserveCapacity(_ count: Int) { members.reserveCapacity(count) }

    /// Adds a member at the end without a search, for builders that know their keys.
    ///
    /// - Precondition: the object has no such key; checked in debug builds only.
    package mutating func append(uniqueKey key: String, _ value: JSONValue) {
        assert(!contains(key), "a JSON object has every key once")
        members.append((key: key, value: value))
        noteLastMember()
    }

    private mutating func setValue(_ value: JSONValue, forKey key: String) {
        if let position = position(of: key) {
            members[position].value = value
            return
        }
        members.append((key: key, value: value))
        noteLastMember()
    }

    private mutating func noteLastMember() {
        if positions != nil {
            positions?[ExactString(members[members.count - 1].key)] = members.count - 1
        } else if members.count > Self.searchedByComparison {
            reindex()
        }
    }

    private func position(of key: String) -> Int? {
        if let positions { return positions[ExactString(key)] }
        return members.firstIndex { $0.key.hasSameBytes(as: key) }
    }

    private mutating func reindex() {
        guard members.count > Self.searchedByComparison else {
            positions = nil
            return
        }
        var positions = [ExactString: Int](minimumCapacity: members.count)
        for (index, member) in members.enumerated() {
            let previous = positions.updateValue(index, forKey: ExactString(member.key))
            precondition(previous == nil, "a JSON object has every key once")
        }
        self.positions = positions
    }
}

extension JSONObject: Sequence {
    package func makeIterator() -> IndexingIterator<[Element]> { members.makeIterator() }
    package var underestimatedCount: Int { members.count }
}

extension JSONObject: Hashable {
    package static func == (left: Self, right: Self) -> Bool {
        guard left.count == right.count else { return false }
        for (index, member) in left.members.enumerated() {
            // Objects that were written alike have each member at the same place.
            if right.members[index].key.hasSameBytes(as: member.key) {
                guard right.members[index].value == member.value else { return false }
            } else {
                guard right[member.key] == member.value else { return false }
            }
        }
        return true
    }

    package func hash(into hasher: inout Hasher) {
        var sum = 0
        for member in members {
            var one = Hasher()
            one.combine(member.key)
            one.combine(member.value)
            sum &+= one.finalize()
        }
        hasher.combine(sum)
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    /// - Precondition: no key occurs twice.
    package init(dictionaryLiteral elements: (String, JSONValue)...) { self.init(uniqueMembers: elements) }
}
