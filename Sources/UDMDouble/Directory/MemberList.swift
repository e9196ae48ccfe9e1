// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// The members of a group in the order they came, each stored as it was sent, with every change in constant time.
struct MemberList {
    struct Member {
        let key: String
        let text: String
    }

    /// Removed members leave a hole until more than half are holes.
    private var slots: [Member?] = []
    private var positions: [String: Int] = [:]

    var count: Int { positions.count }
    var members: some Sequence<Member> { slots.lazy.compactMap { $0 } }

    func contains(_ key: String) -> Bool { positions[key] != nil }

    mutating func insert(key: String, text: String) {
        guard positions[key] == nil else { return }
        positions[key] = slots.count
        slots.append(Member(key: key, text: text))
    }

    mutating func remove(_ key: String) {
        guard let position = positions.removeValue(forKey: key) else { return }
        slots[position] = nil
        if slots.count > 64, slots.count > 2 * positions.count { compact() }
    }

    /// Puts a new name in the place of an old one; when the new one is a member already, the old one just goes.
    mutating func rename(_ key: String, to newKey: String, text: String) {
        guard let position = positions.removeValue(forKey: key) else { return }
        if positions[newKey] == nil {
            positions[newKey] = position
            slots[position] = Member(key: newKey, text: text)
        } else {
            slots[position] = nil
        }
    }

    private mutating func compact() {
        slots = slots.filter { $0 != nil }
        for (position, member) in slots.enumerated() {
            if let member { positions[member.key] = position }
        }
    }
}
