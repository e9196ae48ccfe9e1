// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import SCIM

extension MappingRule {
    /// Writes the rule's properties for a SCIM state: every writable one, `null` or `[]` where SCIM has no value.
    func write(_ attributes: JSONObject, to properties: inout JSONObject, rules: DirectoryRules) {
        let value = attribute.value(in: attributes)
        switch kind {
        case .string(let property):
            properties[property] = .nonEmpty(value?.stringValue)
        case .boolean(let property, let inverted, let missing):
            properties[property] = (value?.boolValue ?? missing).map { .bool($0 != inverted) } ?? .null
        case .integer(let property):
            properties[property] = value?.integerValue.map { .number(JSONNumber($0)) } ?? .null
        case .numberText(let property):
            properties[property] = .nonEmpty(value?.numberValue?.literal)
        case .strings(let property):
            properties[property] = .list(value?.arrayValue?.map(\.stringValue) ?? [])
        case .firstOf(let property):
            properties[property] = .list([value?.stringValue])
        case .userName(let property):
            properties[property] = .nonEmpty(value?.stringValue.map { rules.userNameRule.directoryName(for: $0) })
        case .displayName(let property):
            let own = value?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
            properties[property] = .nonEmpty(own ?? Self.fullName(in: attributes))
        case .emails(let primary, let aliases, let others):
            writeEmails(value, to: &properties, primary: primary, aliases: aliases, others: others)
        case .valuesByType(let types, let scheme):
            for type in types where !type.isReadOnly {
                let values = value.values(ofType: type.type).map { Self.without(scheme, $0) }
                properties[type.property] = .list(values)
            }
        case .addresses(let work, let others):
            writeAddresses(value, to: &properties, work: work, others: others)
        case .firstValue(let property):
            let elements = value?.arrayValue ?? []
            let chosen = elements.first { $0["primary"]?.boolValue == true } ?? elements.first
            properties[property] = .nonEmpty(chosen?["value"]?.stringValue)
        case .json(let property):
            properties[property] = value.map { .string(Self.sorted($0).text) } ?? .null
        case .otherTypesJSON(let property, than: let types):
            let others = (value?.arrayValue ?? []).filter {
                !types.contains($0["type"]?.stringValue?.lowercased() ?? "")
            }
            properties[property] = others.isEmpty ? .null : .string(Self.sorted(.array(others)).text)
        }
    }

    /// The rule of `name.formatted`: both parts, or the one there is.
    private static func fullName(in attributes: JSONObject) -> String {
        ["givenName", "familyName"].compactMap { attributes["name"]?[$0]?.stringValue }.filter { !$0.isEmpty }
            .joined(separator: " ")
    }

    private func writeEmails(
        _ value: JSONValue?, to properties: inout JSONObject, primary: String, aliases: String, others: String
    ) {
        var mailbox: String?
        var aliased: [String?] = []
        var other: [String?] = []
        for email in value?.arrayValue ?? [] {
            guard let address = email["value"]?.stringValue, !address.isEmpty else { continue }
            switch email["type"]?.stringValue?.lowercased() {
            // Only one is accepted; a second one here is older than that rule.
            case "mailbox": mailbox = mailbox ?? address
            case "alias": aliased.append(address)
            default: other.append(address)
            }
        }
        // Where aliases have to be unique (`directory/manager/mail-address/uniqueness`), UDM takes no address twice, of one user neither.
        aliased.removeAll { $0?.lowercased() == mailbox?.lowercased() }
        properties[primary] = .nonEmpty(mailbox)
        properties[aliases] = .list(aliased, comparison: .caseInsensitive)
        properties[others] = .list(other, comparison: .caseInsensitive)
    }

    private func writeAddresses(
        _ value: JSONValue?, to properties: inout JSONObject, work: WorkAddressProperties, others: String
    ) {
        let addresses = value?.arrayValue ?? []
        let workIndex = Self.workIndex(addresses)
        for (subAttribute, property) in work.pairs {
            properties[property] = .nonEmpty(workIndex.flatMap { addresses[$0][subAttribute]?.stringValue })
        }
        var homes: [JSONValue] = []
        var seen: Set<[String]> = []
        for address in Self.otherAddresses(addresses) {
            let lines = Self.homeKeys.map { PostalAddressLine.escaped(address[$0.subAttribute]?.stringValue ?? "") }
            // Only a region or country: nothing that UDM has a place for. To LDAP, letter case makes no other address.
            guard lines.contains(where: { !$0.isEmpty }), seen.insert(lines.map { $0.lowercased() }).inserted else {
                continue
            }
            homes.append(
                .object(JSONObject(uniqueMembers: zip(Self.homeKeys, lines).map { ($0.key, .string($1)) })))
        }
        properties[others] = .array(homes)
    }

    private static func workIndex(_ addresses: [JSONValue]) -> Int? {
        addresses.firstIndex { $0["type"]?.stringValue?.lowercased() == "work" }
    }

    /// All but the first of type `work`.
    static func otherAddresses(_ addresses: [JSONValue]) -> [JSONValue] {
        let workIndex = workIndex(addresses)
        return addresses.enumerated().filter { $0.offset != workIndex }.map(\.element)
    }

    /// UDM wants all three keys, empty ones too.
    private static let homeKeys = [
        (subAttribute: "streetAddress", key: "street"), (subAttribute: "postalCode", key: "zipcode"),
        (subAttribute: "locality", key: "city"),
    ]

    /// One text for one value: UDM compares texts, and JSON objects have their members in any order. Descends as far as
    /// the schemas do, a few levels.
    private static func sorted(_ value: JSONValue) -> JSONValue {
        switch value {
        case .object(let object):
            let members = object.sorted { $0.key < $1.key }.map { ($0.key, sorted($0.value)) }
            return .object(JSONObject(uniqueMembers: members))
        case .array(let elements): return .array(elements.map(sorted))
        case .null, .bool, .number, .string: return value
        }
    }

    private static func without(_ scheme: String?, _ value: String) -> String {
        guard let scheme, value.lowercased().hasPrefix(scheme) else { return value }
        return String(value.dropFirst(scheme.count))
    }
}

// MARK: Back

extension MappingRule {
    /// Reads the rule's properties into SCIM attributes; what UDM has no value for stays out.
    func read(_ properties: JSONObject, to attributes: inout JSONObject) {
        switch kind {
        case .string(let property), .userName(let property), .displayName(let property):
            if let value = properties.text(property) { attribute.set(.string(value), in: &attributes) }
        case .boolean(let property, let inverted, let missing):
            let value = properties[property]?.boolValue.map { $0 != inverted } ?? missing
            if let value { attribute.set(.bool(value), in: &attributes) }
        case .integer(let property):
            if let value = properties[property]?.integerValue {
                attribute.set(.number(JSONNumber(value)), in: &attributes)
            }
        case .numberText(let property):
            if let number = properties.text(property).flatMap({ JSONNumber(literal: $0) }) {
                attribute.set(.number(number), in: &attributes)
            }
        case .strings(let property):
            setList(properties.texts(property).map { .string($0) }, in: &attributes)
        case .firstOf(let property):
            if let value = properties.texts(property).first { attribute.set(.string(value), in: &attributes) }
        case .emails(let primary, let aliases, let others):
            let typed =
                [(properties.text(primary), "mailbox")] + properties.texts(aliases).map { ($0, "alias") }
                + properties.texts(others).map { ($0, "other") }
            setList(typed.compactMap { value, type in value.map { Self.typedValue($0, type) } }, in: &attributes)
        case .valuesByType(let types, scheme: _):
            let values = types.flatMap { type in
                properties.texts(type.property).map { Self.typedValue($0, type.type) }
            }
            setList(values, in: &attributes)
        case .addresses(let work, let others):
            setList(readAddresses(properties, work: work, others: others), in: &attributes)
        case .firstValue(let property):
            setList(properties.text(property).map { [["value": .string($0)]] } ?? [], in: &attributes)
        case .json(let property):
            if let value = Self.parsed(properties.text(property)) { attribute.set(value, in: &attributes) }
        case .otherTypesJSON(let property, than: _):
            setList(Self.parsed(properties.text(property))?.arrayValue ?? [], in: &attributes)
        }
    }

    /// Adds to what another rule has read for the same attribute.
    private func setList(_ values: [JSONValue], in attributes: inout JSONObject) {
        guard !values.isEmpty else { return }
        attribute.set(.array((attribute.value(in: attributes)?.arrayValue ?? []) + values), in: &attributes)
    }

    /// What others have put there need not be JSON.
    private static func parsed(_ text: String?) -> JSONValue? {
        guard let text, let value = try? JSONValue(parsing: text), !value.isNull else { return nil }
        return value
    }

    private static func typedValue(_ value: String, _ type: String) -> JSONValue {
        ["value": .string(value), "type": .string(type)]
    }

    private func readAddresses(
        _ properties: JSONObject, work: WorkAddressProperties, others: String
    ) -> [JSONValue] {
        var addresses: [JSONValue] = []
        var workAddress = JSONObject()
        for (subAttribute, property) in work.pairs {
            if let value = properties.text(property) { workAddress[subAttribute] = .string(value) }
        }
        if !workAddress.isEmpty {
            workAddress["type"] = "work"
            addresses.append(.object(workAddress))
        }
        for home in properties[others]?.arrayValue ?? [] {
            var address = JSONObject()
            for (subAttribute, key) in Self.homeKeys {
                if let value = home.objectValue?.text(key) {
                    address[subAttribute] = .string(PostalAddressLine.unescaped(value))
                }
            }
            guard !address.isEmpty else { continue }
            address["type"] = "home"
            addresses.append(.object(address))
        }
        return addresses
    }
}

// MARK: Values

extension JSONValue {
    /// UDM's `null` for no text, and for an empty one, which it stores as none.
    fileprivate static func nonEmpty(_ text: String?) -> JSONValue {
        if let text, !text.isEmpty { .string(text) } else { .null }
    }

    /// The texts that are not empty, each once.
    fileprivate static func list(_ texts: [String?], comparison: ValueComparison = .exact) -> JSONValue {
        .array(comparison.distinct(texts.compactMap(\.self).filter { !$0.isEmpty }.map { JSONValue.string($0) }))
    }
}

extension JSONValue? {
    /// The `value`s of the elements whose `type` is `type`, in any case.
    fileprivate func values(ofType type: String) -> [String] {
        (self?.arrayValue ?? []).compactMap { element in
            element["type"]?.stringValue?.lowercased() == type ? element["value"]?.stringValue : nil
        }
    }
}

extension JSONObject {
    /// A text that is not empty.
    fileprivate func text(_ key: String) -> String? {
        self[key]?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
    }

    fileprivate func texts(_ key: String) -> [String] {
        (self[key]?.arrayValue ?? []).compactMap(\.stringValue).filter { !$0.isEmpty }
    }
}

extension ValueComparison {
    /// The values in their order, each once.
    func distinct(_ values: [JSONValue]) -> [JSONValue] {
        guard values.count > 1 else { return values }
        var seen: Set<JSONValue> = []
        return values.filter { seen.insert(key(of: $0)).inserted }
    }

    /// Equal for values that are the same.
    func key(of value: JSONValue) -> JSONValue {
        switch (self, value) {
        case (.caseInsensitive, .string(let text)): .string(text.lowercased())
        case (.telephone, .string(let text)): .string(text.lowercased().filter { $0 != " " && $0 != "-" })
        default: value
        }
    }
}
