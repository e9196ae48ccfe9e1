// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

extension Directory {
    /// The changes that bring `properties` into the object; none if it says all that already.
    func modify(
        _ entry: Entry, _ properties: JSONObject, rules: Rules, hosts: (String) -> Bool
    ) throws(Refusal) -> [Change] {
        let module = entry.module
        var input = try PropertyInput(properties, module: module, rules: rules, hosts: hosts)
        for property in module.immutable {
            let isChanged =
                property.source == .derived
                ? properties[property.name].map { $0 != derived(property.name, of: entry) } ?? false
                : input.values[property.name].map { $0 != entry[property.name] } ?? false
            if isChanged { input.refuse(.invalid(property.name, "The value may not change.")) }
        }
        if let password = input.password {
            checkLength(of: password, in: &input, rules: rules)
            checkHistory(of: password, entry: entry, in: &input, rules: rules)
        }
        try input.refuseErrors()
        try checkUnique(input, module: module, entry: entry)

        var values: JSONObject = [:]
        for (name, value) in input.inOrder(of: module) where value != entry[name] { values[name] = value }
        if module === schema.user { regenerateNames(of: entry, input: input, in: &values) }

        var primaryGroup: Entry?
        if let requested = input.references["primaryGroup"]?.first {
            let group = try group(requested, for: "primaryGroup")
            if group !== entry.primaryGroup { primaryGroup = group }
        }
        var passwords: [String]?
        if let password = input.password {
            let fingerprint = Self.fingerprint(of: password, salt: entry.uuid)
            passwords = Array(([fingerprint] + entry.passwords).prefix(max(rules.passwordHistoryLength, 1)))
        }

        var changes: [Change] = []
        if !values.isEmpty || passwords != nil || primaryGroup != nil {
            changes.append(
                .set(uuid: entry.uuid, values: values, passwords: passwords, primaryGroup: primaryGroup?.uuid))
        }
        let dn = try newName(of: entry, name: values[module.namingProperty]?.stringValue)
        if dn != entry.dn { changes.append(.rename(uuid: entry.uuid, dn: dn)) }
        if module === schema.user {
            changes += try membershipChanges(of: entry, dn: dn, input: input, primaryGroup: primaryGroup)
        } else if module === schema.group {
            changes += try memberChanges(of: entry, dn: dn, input: input)
        }
        return changes
    }

    /// The change that puts the object below another one.
    func move(_ entry: Entry, to position: String) throws(Refusal) -> [Change] {
        let parent = try container(position)
        guard parent.key != entry.parentKey else { return [] }
        guard parent.key != entry.key, !parent.key.hasSuffix("," + entry.key) else {
            throw .invalid([FieldError(["body", "position"], "An object cannot be moved below itself.")])
        }
        guard let own = DistinguishedName(entry.dn)?.components.first else { return [] }
        let dn = "\(own.text),\(parent.dn)"
        if let key = DistinguishedName.key(of: dn), self.entry(named: key) != nil {
            throw .invalid([.exists("dn: \(dn)")])
        }
        return [.rename(uuid: entry.uuid, dn: dn)]
    }

    /// The changes that remove the object and all below it.
    func delete(_ entry: Entry) throws(Refusal) -> [Change] {
        guard entry.primaryUsers == 0 else { throw .badRequest("This is a primary group.") }
        guard entry.module.isContainer else { return [.delete(uuid: entry.uuid)] }
        guard entry.key != base.key else {
            throw .badRequest("LDAP Error: Operation not allowed on non-leaf: \(entry.dn)")
        }
        let below = entries.values.filter { $0.key.hasSuffix("," + entry.key) }
        let removed = Set((below + [entry]).map(\.key))
        // A group may go only together with every user that has it as primary group.
        for group in below where group.primaryUsers > 0 {
            let users = entries.values.filter { $0.primaryGroup === group }
            guard users.allSatisfy({ removed.contains($0.key) }) else { throw .badRequest("This is a primary group.") }
        }
        let deepestFirst = below.sorted { left, right in
            left.key.utf8.count == right.key.utf8.count
                ? left.ordinal < right.ordinal : left.key.utf8.count > right.key.utf8.count
        }
        return (deepestFirst + [entry]).map { .delete(uuid: $0.uuid) }
    }

    private func newName(of entry: Entry, name: String?) throws(Refusal) -> String {
        guard let name, let old = DistinguishedName(entry.dn), let parent = old.parent else { return entry.dn }
        guard entry.key != base.key else { throw .badRequest("LDAP Error: Operation not allowed on the base.") }
        let dn = "\(entry.module.namingAttribute)=\(DistinguishedName.escape(name)),\(parent)"
        guard let key = DistinguishedName.key(of: dn) else {
            throw .internalError(exception: "ldap.INVALID_DN_SYNTAX: \(dn)")
        }
        if let holder = self.entry(named: key), holder !== entry { throw .invalid([.exists("dn: \(dn)")]) }
        return dn
    }

    private func checkHistory(of password: String, entry: Entry, in input: inout PropertyInput, rules: Rules) {
        guard !input.overridesPasswordHistory else { return }
        let fingerprint = Self.fingerprint(of: password, salt: entry.uuid)
        guard entry.passwords.prefix(rules.passwordHistoryLength).contains(fingerprint) else { return }
        input.refuse(.invalid("password", "The password has been used before. Please choose a different one."))
    }

    /// A name part that changes takes default values along, unless the request sets them to something else: a value that is there already
    /// counts as not sent.
    private func regenerateNames(of entry: Entry, input: PropertyInput, in values: inout JSONObject) {
        guard values.contains("firstname") || values.contains("lastname") else { return }
        let old = PersonNames(first: entry.text("firstname"), last: entry.text("lastname"))
        let new = PersonNames(
            first: (values["firstname"] ?? entry["firstname"]).stringValue,
            last: (values["lastname"] ?? entry["lastname"]).stringValue)
        if values["displayName"] == nil, entry.text("displayName") ?? "" == old.displayName {
            values["displayName"] = .string(new.displayName)
        }
        if input.values["gecos"] == nil, entry.text("gecos") ?? "" == old.gecos, new.gecos != old.gecos {
            values["gecos"] = new.gecos.isEmpty ? .null : .string(new.gecos)
        }
    }
}
