// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// The objects by name, with the indexes that uniqueness, membership and cheap searches need.
///
/// Everything that changes goes through ``apply(_:at:)``; the rules that decide whether it may are in the extensions.
final class Directory {
    let schema: Schema
    let base: DistinguishedName
    private(set) var entries: [String: Entry] = [:]
    private(set) var byUUID: [String: Entry] = [:]
    /// Users and groups by lower-case name: they share one name space.
    private(set) var names: [String: Entry] = [:]
    private(set) var identifiers: [String: Entry] = [:]
    private(set) var mailAddresses: [String: Entry] = [:]
    /// Domains of `mail/domain` objects, lower case.
    private(set) var mailDomains: Set<String> = []
    /// The groups that list a name, whether there is an object of that name or not.
    private(set) var groupsListing: [String: [Entry]] = [:]
    private(set) var counts: [String: Int] = [:]
    private(set) var nextUIDNumber: Int64 = 2000
    private(set) var nextGIDNumber: Int64 = 5000
    private var changeCounter = 0
    private var createCounter = 0

    init(schema: Schema, base: DistinguishedName) {
        self.schema = schema
        self.base = base
    }

    func entry(named key: String) -> Entry? { entries[key] }

    var defaultPrimaryGroup: Entry? { entries["cn=domain users,cn=groups,\(base.key)"] }

    func defaultPosition(of module: Module) -> String {
        module.defaultContainer.isEmpty ? base.text : "\(module.defaultContainer),\(base.text)"
    }

    /// What a new directory holds, to be applied and journaled like any other commit.
    func initialChanges() -> [Change] {
        func create(_ module: String, _ name: String, _ dn: String, _ more: JSONObject = [:]) -> Change {
            var values = more
            values["name"] = .string(name)
            values["univentionObjectIdentifier"] = .string(ObjectUUID.random(version: 4))
            return .create(
                Change.Image(uuid: ObjectUUID.random(version: 1), module: module, dn: dn, values: values))
        }
        let base = base.text
        return [
            create("container/dc", self.base.components[0].value, base),
            create("container/cn", "users", "cn=users,\(base)"),
            create("container/cn", "groups", "cn=groups,\(base)"),
            create("container/cn", "mail", "cn=mail,\(base)"),
            create("container/cn", "domain", "cn=domain,cn=mail,\(base)"),
            create("groups/group", "Domain Users", "cn=Domain Users,cn=groups,\(base)", ["gidNumber": 5000]),
        ]
    }

    /// - Parameter time: microseconds since the Unix epoch.
    /// - Throws: ``InconsistentChange`` if the change does not fit, which only a foreign or damaged journal can cause.
    func apply(_ change: Change, at time: Int64) throws(InconsistentChange) {
        switch change {
        case .create(let image): try create(image, at: time)
        case .set(let uuid, let values, let passwords, let primaryGroup):
            let entry = try entry(uuid)
            unindex(entry)
            for (name, value) in values { entry[name] = value }
            index(entry)
            if let passwords { entry.passwords = passwords }
            if let primaryGroup { setPrimaryGroup(try self.entry(primaryGroup), of: entry) }
            touch(entry, at: time)
        case .rename(let uuid, let dn):
            guard let name = DistinguishedName(dn) else { throw InconsistentChange("no name: \(dn)") }
            try rename(try entry(uuid), to: name, at: time)
        case .members(let uuid, let added, let removed):
            let group = try entry(uuid)
            for key in removed {
                group.members.remove(key)
                forget(group, listing: key)
            }
            for text in added {
                guard let key = DistinguishedName.key(of: text) else { throw InconsistentChange("no name: \(text)") }
                guard !group.members.contains(key) else { continue }
                group.members.insert(key: key, text: text)
                groupsListing[key, default: []].append(group)
            }
            touch(group, at: time)
        case .delete(let uuid): delete(try entry(uuid), at: time)
        }
    }

    private func entry(_ uuid: String) throws(InconsistentChange) -> Entry {
        guard let entry = byUUID[uuid] else { throw InconsistentChange("no object \(uuid)") }
        return entry
    }

    private func create(_ image: Change.Image, at time: Int64) throws(InconsistentChange) {
        guard let module = schema[image.module], let key = DistinguishedName.key(of: image.dn) else {
            throw InconsistentChange("no module \(image.module) or no name: \(image.dn)")
        }
        guard entries[key] == nil, byUUID[image.uuid] == nil else {
            throw InconsistentChange("exists: \(image.dn)")
        }
        createCounter += 1
        let entry = Entry(module: module, uuid: image.uuid, ordinal: createCounter, dn: image.dn, key: key)
        for (name, value) in image.values { entry[name] = value }
        entry.passwords = image.passwords
        if let group = image.primaryGroup { setPrimaryGroup(try self.entry(group), of: entry) }
        entries[entry.key] = entry
        byUUID[entry.uuid] = entry
        counts[module.name, default: 0] += 1
        nextUIDNumber = max(nextUIDNumber, (entry["uidNumber"].integerValue ?? 0) + 1)
        nextGIDNumber = max(nextGIDNumber, (entry["gidNumber"].integerValue ?? 0) + 1)
        index(entry)
        touch(entry, at: time)
    }

    private func rename(_ entry: Entry, to name: DistinguishedName, at time: Int64) throws(InconsistentChange) {
        let oldKey = entry.key
        let oldDepth = DistinguishedName(entry.dn)?.components.count ?? 1
        let below = entry.module.isContainer ? entries.values.filter { $0.key.hasSuffix("," + oldKey) } : []
        guard entries[name.key] == nil || entries[name.key] === entry else {
            throw InconsistentChange("exists: \(name.text)")
        }
        move(entry, key: name.key, dn: name.text, at: time)
        for child in below.sorted(by: { $0.ordinal < $1.ordinal }) {
            guard let childName = DistinguishedName(child.dn) else { continue }
            let own = childName.components.dropLast(oldDepth).map(\.text).joined(separator: ",")
            let dn = "\(own),\(name.text)"
            move(child, key: DistinguishedName.key(of: dn) ?? dn, dn: dn, at: time)
        }
    }

    private func move(_ entry: Entry, key: String, dn: String, at time: Int64) {
        let oldKey = entry.key
        entries[oldKey] = nil
        entry.key = key
        entry.dn = dn
        entries[key] = entry
        touch(entry, at: time)
        for group in groupsListing.removeValue(forKey: oldKey) ?? [] {
            let alreadyListed = key != oldKey && group.members.contains(key)
            group.members.rename(oldKey, to: key, text: dn)
            if !alreadyListed { groupsListing[key, default: []].append(group) }
            touch(group, at: time)
        }
    }

    private func delete(_ entry: Entry, at time: Int64) {
        unindex(entry)
        entries[entry.key] = nil
        byUUID[entry.uuid] = nil
        counts[entry.module.name, default: 0] -= 1
        entry.primaryGroup?.primaryUsers -= 1
        for group in groupsListing.removeValue(forKey: entry.key) ?? [] {
            group.members.remove(entry.key)
            touch(group, at: time)
        }
        for member in entry.members.members { forget(entry, listing: member.key) }
    }

    private func forget(_ group: Entry, listing key: String) {
        groupsListing[key]?.removeAll { $0 === group }
        if groupsListing[key]?.isEmpty == true { groupsListing[key] = nil }
    }

    private func setPrimaryGroup(_ group: Entry, of user: Entry) {
        user.primaryGroup?.primaryUsers -= 1
        user.primaryGroup = group
        group.primaryUsers += 1
    }

    private func touch(_ entry: Entry, at time: Int64) {
        changeCounter += 1
        entry.csn = changeCounter
        entry.modified = time
    }

    private func index(_ entry: Entry) {
        if entry.module === schema.user || entry.module === schema.group { names[entry.name.lowercased()] = entry }
        if entry.module === schema.domain { mailDomains.insert(entry.name.lowercased()) }
        if let identifier = entry.identifier { identifiers[identifier] = entry }
        for address in entry.mailAddresses { mailAddresses[address] = entry }
    }

    private func unindex(_ entry: Entry) {
        if entry.module === schema.user || entry.module === schema.group { names[entry.name.lowercased()] = nil }
        if entry.module === schema.domain { mailDomains.remove(entry.name.lowercased()) }
        if let identifier = entry.identifier { identifiers[identifier] = nil }
        for address in entry.mailAddresses { mailAddresses[address] = nil }
    }
}

/// A change that the directory cannot take.
struct InconsistentChange: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
