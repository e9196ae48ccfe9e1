// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

extension Directory {
    /// What a derived property reads as.
    func derived(_ property: String, of entry: Entry) -> JSONValue {
        switch property {
        case "users":
            .strings(entry.members.members.lazy.filter { !self.isGroup($0.key) && self.isShown($0) }.map(\.text))
        case "nestedGroup": .strings(entry.members.members.lazy.filter { self.isGroup($0.key) }.map(\.text))
        case "memberOf": .strings((groupsListing[entry.key] ?? []).map(\.dn))
        case "groups": .strings(groups(of: entry).map(\.dn))
        case "primaryGroup": entry.primaryGroup.map { .string($0.dn) } ?? .null
        case "gidNumber": entry.primaryGroup?["gidNumber"] ?? .null
        default: .null
        }
    }

    /// The primary group first, then those that list the user.
    private func groups(of user: Entry) -> [Entry] {
        let listing = groupsListing[user.key] ?? []
        guard let primary = user.primaryGroup else { return listing }
        return [primary] + listing.filter { $0 !== primary }
    }

    private func isGroup(_ key: String) -> Bool { entry(named: key)?.module === schema.group }

    /// Users are known by the beginning of their name; of what has another one the server looks at the object, and of nothing it shows nothing.
    private func isShown(_ member: MemberList.Member) -> Bool {
        member.text.hasPrefix("uid=") || entry(named: member.key) != nil
    }

    /// The members and parents that a new group was given.
    func newMembership(of image: Change.Image, key: String, input: PropertyInput) throws(Refusal) -> [Change] {
        var changes: [Change] = []
        let members = try wantedMembers(input, current: MemberList())
        if !members.isEmpty {
            try refuseCircles(adding: Set(members.map(\.key)), to: key)
            changes.append(.members(group: image.uuid, added: members.map(\.text), removed: []))
        }
        for name in input.references["memberOf"] ?? [] {
            let parent = try group(name, for: "memberOf")
            try refuseCircle(nesting: key, in: parent)
            changes.append(.members(group: parent.uuid, added: [image.dn], removed: []))
        }
        return changes
    }

    /// What a request for a group does to its members and to its parents' members.
    ///
    /// - Parameter dn: the group's name once the request is done.
    func memberChanges(of group: Entry, dn: String, input: PropertyInput) throws(Refusal) -> [Change] {
        var changes: [Change] = []
        if input.references["users"] != nil || input.references["nestedGroup"] != nil {
            let wanted = try wantedMembers(input, current: group.members)
            let wantedKeys = Set(wanted.map(\.key))
            let added = wanted.filter { !group.members.contains($0.key) }
            let removed = group.members.members.map(\.key).filter { !wantedKeys.contains($0) }
            try refuseCircles(adding: Set(added.map(\.key)), to: group.key)
            if !added.isEmpty || !removed.isEmpty {
                changes.append(.members(group: group.uuid, added: added.map(\.text), removed: removed))
            }
        }
        if let names = input.references["memberOf"] {
            var wanted: [Entry] = []
            for name in names {
                let parent = try self.group(name, for: "memberOf")
                try refuseCircle(nesting: group.key, in: parent)
                wanted.append(parent)
            }
            changes += listingChanges(of: group, dn: dn, in: wanted)
        }
        return changes
    }

    /// What a request for a user does to the groups that list it: single values come and go, no list is replaced.
    func membershipChanges(
        of user: Entry, dn: String, input: PropertyInput, primaryGroup: Entry?
    ) throws(Refusal) -> [Change] {
        guard let names = input.references["groups"] else {
            guard let primaryGroup, !primaryGroup.members.contains(user.key) else { return [] }
            return [.members(group: primaryGroup.uuid, added: [dn], removed: [])]
        }
        var wanted: [Entry] = (primaryGroup ?? user.primaryGroup).map { [$0] } ?? []
        for name in names { wanted.append(try group(name, for: "groups")) }
        return listingChanges(of: user, dn: dn, in: wanted)
    }

    private func listingChanges(of entry: Entry, dn: String, in wanted: [Entry]) -> [Change] {
        let current = groupsListing[entry.key] ?? []
        var changes: [Change] = []
        var seen: Set<String> = []
        for group in wanted where seen.insert(group.uuid).inserted && !current.contains(where: { $0 === group }) {
            changes.append(.members(group: group.uuid, added: [dn], removed: []))
        }
        // A rename in the same request comes first, so the groups list the new name by then.
        let key = DistinguishedName.key(of: dn) ?? entry.key
        for group in current where !wanted.contains(where: { $0 === group }) {
            changes.append(.members(group: group.uuid, added: [], removed: [key]))
        }
        return changes
    }

    /// The whole member list after the request: `users` and `nestedGroup` each replace their part.
    ///
    /// A group in `users` is taken as a nested group; a name of nothing stays where it is, whether it is shown or not. Each nested group is looked at
    /// for circles: of a name of nothing the server says that there is no such object.
    private func wantedMembers(_ input: PropertyInput, current: MemberList) throws(Refusal) -> [MemberList.Member] {
        var wanted: [MemberList.Member] = []
        var seen: Set<String> = []
        func want(_ member: MemberList.Member) {
            if seen.insert(member.key).inserted { wanted.append(member) }
        }
        if let users = input.references["users"] {
            for name in users { want(try member(name, property: "users")) }
            for member in current.members where !isShown(member) { want(member) }
        } else {
            for member in current.members where !isGroup(member.key) { want(member) }
        }
        if let groups = input.references["nestedGroup"] {
            for name in groups {
                let member = try member(name, property: "nestedGroup")
                guard let entry = entry(named: member.key) else {
                    throw .badRequest("No such object: \(name.lowercased()).")
                }
                guard entry.module === schema.group else { throw .badRequest("The object is not a group: \(name)") }
                want(member)
            }
        } else {
            for member in current.members where isGroup(member.key) { want(member) }
        }
        return wanted
    }

    private func member(_ name: String, property: String) throws(Refusal) -> MemberList.Member {
        guard let key = DistinguishedName.listKey(of: name) else {
            throw .invalid([.invalid(property, "\(property): Not a valid LDAP DN")])
        }
        return MemberList.Member(key: key, text: name)
    }

    private func refuseCircles(adding keys: Set<String>, to group: String) throws(Refusal) {
        guard keys.contains(where: { $0 == group || isGroup($0) }) else { return }
        let ancestors = ancestors(of: group)
        if keys.contains(where: { $0 == group || ancestors.contains($0) }) { throw Self.circle(group) }
    }

    private func refuseCircle(nesting group: String, in parent: Entry) throws(Refusal) {
        guard parent.key != group, !ancestors(of: parent.key).contains(group) else { throw Self.circle(parent.dn) }
    }

    private static func circle(_ name: String) -> Refusal {
        .invalid([.property("memberOf", "Circular group dependency detected: \(name)")])
    }

    private func ancestors(of key: String) -> Set<String> {
        var found: Set<String> = []
        var open = [key]
        while let next = open.popLast() {
            for group in groupsListing[next] ?? [] where found.insert(group.key).inserted { open.append(group.key) }
        }
        return found
    }
}
