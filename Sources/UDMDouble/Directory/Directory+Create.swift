// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Crypto
internal import JSON

/// What a request wants to create.
struct Creation {
    var module: Module
    /// The parent's name, nil for the module's default container.
    var position: String?
    /// The name in the address of a PUT.
    var dn: DistinguishedName?
    var properties: JSONObject
}

extension Directory {
    /// The changes that make the object, and its name; nothing is changed yet.
    ///
    /// - Parameter hosts: whether a mail domain (lower case) is one of the directory's.
    func create(
        _ creation: Creation, rules: Rules, hosts: (String) -> Bool
    ) throws(Refusal) -> (changes: [Change], key: String) {
        let module = creation.module
        var input = try PropertyInput(creation.properties, module: module, rules: rules, hosts: hosts)
        input.requireAll(of: module)
        if let password = input.password { checkLength(of: password, in: &input, rules: rules) }
        try input.refuseErrors()

        let name = input.values[module.namingProperty]?.stringValue ?? ""
        let parent = try position(creation)
        let text = "\(module.namingAttribute)=\(DistinguishedName.escape(name)),\(parent)"
        guard let key = DistinguishedName.key(of: text) else {
            throw .internalError(exception: "ldap.INVALID_DN_SYNTAX: \(text)")
        }
        if let given = creation.dn, given.key != key {
            throw .invalid([FieldError(["body", "dn"], "Trying to create an object with wrong RDN.")])
        }
        try checkUnique(input, module: module, entry: nil)
        if let existing = entry(named: key) {
            guard existing.module === module else {
                throw .invalid([
                    FieldError(["body", "position"], "The name is already used by another object in this container.")
                ])
            }
            throw .invalid([.exists("dn: \(text)")])
        }

        var image = Change.Image(
            uuid: ObjectUUID.random(version: 1), module: module.name, dn: text, values: [:])
        for (name, value) in input.inOrder(of: module) where !value.isNull { image.values[name] = value }
        if image.values["univentionObjectIdentifier"] == nil {
            image.values["univentionObjectIdentifier"] = .string(ObjectUUID.random(version: 4))
        }
        var changes: [Change] = []
        if module === schema.user {
            let groups = try completeUser(&image, input: input)
            changes = [.create(image)] + groups.map { .members(group: $0.uuid, added: [text], removed: []) }
        } else if module === schema.group {
            if image.values["gidNumber"] == nil { image.values["gidNumber"] = .number(JSONNumber(nextGIDNumber)) }
            changes = [.create(image)] + (try newMembership(of: image, key: key, input: input))
        } else {
            changes = [.create(image)]
        }
        return (changes, key)
    }

    /// Fills in what UDM derives, and says which groups list the new user.
    private func completeUser(_ image: inout Change.Image, input: PropertyInput) throws(Refusal) -> [Entry] {
        let given = image.values
        let username = given["username"]?.stringValue ?? ""
        let names = PersonNames(first: given["firstname"]?.stringValue, last: given["lastname"]?.stringValue)
        func fill(_ property: String, _ value: JSONValue) {
            if image.values[property] == nil { image.values[property] = value }
        }
        fill("displayName", .string(names.displayName))
        fill("gecos", .string(names.gecos))
        fill("unixhome", .string("/home/\(username)"))
        fill("shell", "/bin/bash")
        fill("uidNumber", .number(JSONNumber(nextUIDNumber)))
        let uidNumber = image.values["uidNumber"]?.integerValue ?? 0
        fill("sambaRID", .number(JSONNumber(uidNumber &* 2 &+ 1000)))
        if given["uidNumber"] != nil, entries.values.contains(where: { $0["uidNumber"].integerValue == uidNumber }) {
            throw .invalid([.property("uidNumber", "The uidNumber is already in use: \(uidNumber)")])
        }
        if let password = input.password { image.passwords = [Self.fingerprint(of: password, salt: image.uuid)] }

        var groups: [Entry] = []
        if let requested = input.references["primaryGroup"]?.first {
            groups.append(try group(requested, for: "primaryGroup"))
        } else if let standard = defaultPrimaryGroup {
            groups.append(standard)
        } else {
            throw .invalid([.required("primaryGroup")])
        }
        image.primaryGroup = groups[0].uuid
        for name in input.references["groups"] ?? [] {
            let group = try group(name, for: "groups")
            if !groups.contains(where: { $0 === group }) { groups.append(group) }
        }
        return groups
    }

    /// The parent of the new object, as its entry spells it.
    private func position(_ creation: Creation) throws(Refusal) -> String {
        let text = creation.dn?.parent ?? creation.position ?? defaultPosition(of: creation.module)
        return try container(text).dn
    }

    /// The object that `position` names.
    func container(_ position: String) throws(Refusal) -> Entry {
        // Every object is within the base, so the usual case needs no look at the name's components.
        if let key = DistinguishedName.key(of: position), let entry = entry(named: key) { return entry }
        guard let name = DistinguishedName(position) else {
            throw .invalid([FieldError(["body", "position"], "Value \"\(position)\" is not a valid LDAP DN.")])
        }
        guard name.isWithin(base) else {
            throw .invalid([FieldError(["body", "position"], "The ldap base is invalid. Use \(base.text).")])
        }
        throw .invalid([FieldError(["body", "position"], "The ldap position does not exist: \(position)")])
    }

    /// The group that `name` names. In `groups` of a user the server takes any name, and does not find the group when the user is written.
    func group(_ name: String, for property: String) throws(Refusal) -> Entry {
        guard let key = DistinguishedName.listKey(of: name) else {
            throw .invalid([.invalid(property, "\(property): Not a valid LDAP DN")])
        }
        guard let group = entry(named: key), group.module === schema.group else {
            if property == "groups" { throw .badRequest("No such object: \(name).") }
            throw .invalid([.invalid(property, "No such object: \(name)")])
        }
        return group
    }

    func checkLength(of password: String, in input: inout PropertyInput, rules: Rules) {
        if password.hasPrefix("{") && password.contains("}") {
            input.refuse(.invalid("password", "Invalid password."))
        } else if !input.overridesPasswordLength, password.count < rules.minimumPasswordLength {
            input.refuse(
                .invalid(
                    "password",
                    "The password is too short, at least \(rules.minimumPasswordLength) characters needed!"))
        }
    }

    static func fingerprint(of password: String, salt: String) -> String {
        var hash = SHA256()
        hash.update(data: Array(salt.utf8))
        hash.update(data: Array(password.utf8))
        return Hex.text(hash.finalize())
    }

    /// Names of users and groups, mail addresses and identifiers, that another object than `entry` has; in the server's order.
    func checkUnique(_ input: PropertyInput, module: Module, entry: Entry?) throws(Refusal) {
        if let name = input.values[module.namingProperty]?.stringValue, let holder = names[name.lowercased()],
            holder !== entry
        {
            if module === schema.user {
                throw .invalid([
                    .exists("(uid): The username is already in use as username or as groupname: \(name)")
                ])
            }
            if module === schema.group {
                throw .invalid([
                    .exists("(group): The groupname is already in use as groupname or as username: \(name)")
                ])
            }
        }
        for property in ["mailPrimaryAddress", "mailAlternativeAddress", "mailAddress"] {
            let value = input.values[property]
            for address in value?.strings ?? value?.stringValue.map({ [$0] }) ?? [] {
                guard let holder = mailAddresses[address], holder !== entry else { continue }
                // Whatever property clashes: the server names the primary one.
                let reported = module === schema.group ? "mailAddress" : "mailPrimaryAddress"
                throw .invalid([.invalid(reported, "Mail address already in use: \(address)")])
            }
        }
        if entry == nil, let identifier = input.values["univentionObjectIdentifier"]?.stringValue,
            identifiers[identifier] != nil
        {
            throw .invalid([.exists("(nolock) \(identifier)")])
        }
    }
}

/// What UDM makes of a user's names.
struct PersonNames {
    var first: String?
    var last: String?

    var displayName: String { [first, last].compactMap { $0 }.joined(separator: " ") }

    private static let replacements: [Character: String] = [
        "ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss",
    ]

    /// As ASCII.
    var gecos: String {
        let name = displayName
        if name.utf8.allSatisfy({ $0 < 0x80 }) { return name }
        var result = ""
        for character in name {
            if let replacement = Self.replacements[character] {
                result += replacement
            } else if character.isASCII {
                result.append(character)
            }
        }
        return result
    }
}
