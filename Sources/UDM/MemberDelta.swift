// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import JSON

/// Members to add to a group and to take out of it, as DNs.
///
/// UDM keeps a DN as it was sent and accepts DNs of no user; whatever is in the group's lists and not named here stays as it is,
/// hosts and dangling DNs too.
package struct MemberDelta: Sendable, Hashable {
    package var addedUsers: [String]
    package var removedUsers: [String]
    package var addedGroups: [String]
    package var removedGroups: [String]

    package init(
        addedUsers: [String] = [],
        removedUsers: [String] = [],
        addedGroups: [String] = [],
        removedGroups: [String] = []
    ) {
        self.addedUsers = addedUsers
        self.removedUsers = removedUsers
        self.addedGroups = addedGroups
        self.removedGroups = removedGroups
    }

    package var isEmpty: Bool {
        addedUsers.isEmpty && removedUsers.isEmpty && addedGroups.isEmpty && removedGroups.isEmpty
    }

    package static let usersProperty = "users"
    package static let groupsProperty = "nestedGroup"
    /// The lists in which UDM shows what a group has of us. Computers, which are listed apart, are none of ours.
    package static let listProperties = [usersProperty, groupsProperty]

    /// The properties to send, from a fresh and complete read of the group; a list that does not change is left out.
    ///
    /// A removed DN is taken out of whichever list has it. That of a group which is gone UDM shows in none, and leaves it where it is.
    ///
    /// - Parameter current: The properties of the group as `GET` gave them, for the `If-Match` of the same read.
    package func merged(into current: JSONObject) -> JSONObject {
        var body = JSONObject()
        let added = [Self.usersProperty: addedUsers, Self.groupsProperty: addedGroups]
        let removed = removedUsers + removedGroups
        for property in Self.listProperties {
            let added = added[property, default: []]
            guard !added.isEmpty || !removed.isEmpty else { continue }
            let dns = current.elements(of: property).compactMap(\.stringValue)
            if let merged = Self.merge(dns, adding: added, removing: removed) {
                body[property] = .array(merged.map { .string($0) })
            }
        }
        return body
    }

    /// `current` without `removed` and with `added` at its end; `nil` when nothing changes.
    ///
    /// A DN that is both removed and added is in the result.
    package static func merge(_ current: [String], adding added: [String], removing removed: [String]) -> [String]? {
        var wanted: [String: String] = [:]
        var order: [String] = []
        for dn in added {
            let key = DN.normalized(dn)
            if wanted.updateValue(dn, forKey: key) == nil { order.append(key) }
        }
        let unwanted = DN.normalizedSet(removed).subtracting(wanted.keys)
        var merged: [String] = []
        merged.reserveCapacity(current.count + order.count)
        for dn in current {
            let key = DN.normalized(dn)
            wanted[key] = nil
            if !unwanted.contains(key) { merged.append(dn) }
        }
        let isShorter = merged.count < current.count
        let missing = order.compactMap { wanted[$0] }
        return isShorter || !missing.isEmpty ? merged + missing : nil
    }

    /// Which of `wanted` are in `current`, whatever their spelling.
    package static func present(_ wanted: [String], in current: [String]) -> [String] {
        let keys = DN.normalizedSet(current)
        return wanted.filter { keys.contains(DN.normalized($0)) }
    }
}
