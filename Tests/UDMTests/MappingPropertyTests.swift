// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import FuzzSupport
import JSON
import SCIM
import Testing
import UDM

/// The mapping over random resources (R-10), with attributes that an operator has declared. A failure names its seed;
/// `TEST_SEED` repeats it.
@Suite struct MappingPropertyTests {
    let mapping: UDMMapping

    init() throws {
        let schema = try ConfiguredSchema(file: Array(EveryRule.file.utf8))
        mapping = UDMMapping(
            rules: DirectoryRules(), table: schema.table, optionalProperties: MappingTests.everything)
    }

    @Test("a resource of mapped attributes comes back from UDM as it was", arguments: SeededGenerator.seeds(150))
    func roundTrip(seed: UInt64) {
        var random = RandomResource(seed: seed)
        for type in ResourceType.allCases {
            let attributes = random.mapped(type)
            let properties = mapping.properties(of: attributes, type: type)
            #expect(mapping.attributes(of: properties, type: type) == attributes, "seed \(seed)")
        }
    }

    @Test("what comes back from any resource maps to the same properties again", arguments: SeededGenerator.seeds(150))
    func normalForm(seed: UInt64) {
        var random = RandomResource(seed: seed)
        for type in ResourceType.allCases {
            let properties = mapping.properties(of: random.wild(type), type: type)
            let again = mapping.properties(of: mapping.attributes(of: properties, type: type), type: type)
            #expect(again == properties, "seed \(seed)")
        }
    }

    @Test(
        "the difference of two states, merged into the old one, gives the new one",
        arguments: SeededGenerator.seeds(150))
    func difference(seed: UInt64) {
        var random = RandomResource(seed: seed)
        for type in ResourceType.allCases {
            let before = random.wild(type)
            let old = mapping.properties(of: before, type: type)
            let new = mapping.properties(of: random.variation(of: before, type), type: type)
            let body = mapping.difference(from: old, to: new).merged(into: old)
            #expect(same(applied(body, to: old), new), "seed \(seed)")
            #expect(mapping.difference(from: applied(body, to: old), to: new).isEmpty, "seed \(seed)")
            #expect(mapping.difference(from: new, to: new).isEmpty, "seed \(seed)")
            #expect(mapping.difference(from: old, to: new).isEmpty == same(old, new), "seed \(seed)")
        }
    }

    @Test("what others put into UDM meanwhile is still there, in its order", arguments: SeededGenerator.seeds(150))
    func foreignValues(seed: UInt64) {
        var random = RandomResource(seed: seed)
        let before = random.wild(.user)
        let old = mapping.properties(of: before, type: .user)
        let new = mapping.properties(of: random.variation(of: before, .user), type: .user)
        var current = old
        current["uidNumber"] = 2011
        var foreign: [String: [JSONValue]] = [:]
        for (property, value) in old {
            guard var list = value.arrayValue, property != "homePostalAddress" else { continue }
            let others = (0..<3).map { JSONValue.string("foreign-\(property)-\($0)") }
            for other in others { list.insert(other, at: Int.random(in: 0...list.count, using: &random.generator)) }
            foreign[property] = list.filter(others.contains)
            current[property] = .array(list)
        }
        let result = applied(mapping.difference(from: old, to: new).merged(into: current), to: current)
        #expect(result["uidNumber"] == 2011)
        for (property, expected) in foreign {
            let list = result[property]?.arrayValue ?? []
            #expect(list.filter(expected.contains) == expected, "\(property), seed \(seed)")
            let own = JSONValue.array(list.filter { !expected.contains($0) })
            #expect(same([property: own], [property: new[property] ?? []]), "\(property), seed \(seed)")
        }
    }

    /// What UDM does with the properties of a PATCH.
    private func applied(_ body: JSONObject, to object: JSONObject) -> JSONObject {
        var object = object
        for (property, value) in body { object[property] = value }
        return object
    }

    /// Equal as UDM sees it: lists are sets, addresses have no case, telephone numbers no blanks and hyphens either.
    private func same(_ first: JSONObject, _ second: JSONObject) -> Bool {
        func normal(_ object: JSONObject) -> [String: Set<JSONValue>] {
            var normal: [String: Set<JSONValue>] = [:]
            for (property, value) in object {
                let isMail = ["mailPrimaryAddress", "mailAlternativeAddress", "e-mail"].contains(property)
                let isTelephone = property == "phone" || property.hasSuffix("TelephoneNumber")
                let values = (value.arrayValue ?? [value]).map { value -> JSONValue in
                    guard isMail || isTelephone, let text = value.stringValue?.lowercased() else { return value }
                    return .string(isMail ? text : text.filter { $0 != " " && $0 != "-" })
                }
                normal[property] = Set(values)
            }
            return normal
        }
        return normal(first) == normal(second)
    }
}

/// Random SCIM attributes from a seed.
struct RandomResource {
    var generator: SeededGenerator

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    /// Only what the mapping carries, in the form it comes back in.
    mutating func mapped(_ type: ResourceType) -> JSONObject {
        var attributes = JSONObject()
        switch type {
        case .group:
            attributes["displayName"] = .string(text())
            var extra = JSONObject()
            if coin() { extra["description"] = .string(text()) }
            setList("memberRoles", typed(["guardian"]), in: &extra)
            if !extra.isEmpty { attributes[SchemaURN.univentionGroup] = .object(extra) }
            if coin() { attributes[EveryRule.urn] = ["note": .string(text())] }
        case .user:
            attributes = ["userName": .string(text()), "displayName": .string(text()), "active": .bool(coin())]
            var name: JSONObject = ["familyName": .string(text())]
            if coin() { name["givenName"] = .string(text()) }
            attributes["name"] = .object(name)
            for attribute in ["title", "userType", "preferredLanguage", "locale"] where coin() {
                attributes[attribute] = .string(text())
            }
            setList(
                "emails", Array(typed(["mailbox"]).prefix(1)) + typed(["alias"]) + typed(["other"]) { $0.mail() },
                in: &attributes)
            setList(
                "phoneNumbers", typed(["work", "mobile", "home", "pager"]) { $0.telephone() }, in: &attributes)
            setList("roles", typed(["guardian-direct"]) + typed(["app", "other"]), in: &attributes)
            setList("addresses", addresses(), in: &attributes)
            if coin() {
                let serial = UInt8.random(in: .min ... .max, using: &generator)
                attributes["x509Certificates"] = [["value": .string(DERCertificate.base64(serial: serial))]]
            }
            setExtension(SchemaURN.enterpriseUser, ["employeeNumber", "organization", "department"], in: &attributes)
            var univention = JSONObject()
            if coin() { univention["description"] = .string(text()) }
            if coin() { univention["passwordRecoveryEmail"] = .string(mail()) }
            if !univention.isEmpty { attributes[SchemaURN.univentionUser] = .object(univention) }
            if coin() { attributes["nickName"] = .string(text()) }
            let own = declared()
            if !own.isEmpty { attributes[EveryRule.urn] = .object(own) }
        }
        return attributes
    }

    /// A value for some of the attributes of ``EveryRule``.
    private mutating func declared() -> JSONObject {
        var own = JSONObject()
        if coin() { own["text"] = .string(text()) }
        if coin() { own["flag"] = .bool(coin()) }
        if coin() { own["inverted"] = .bool(coin()) }
        if coin() { own["count"] = .number(JSONNumber(Int64.random(in: .min ... .max, using: &generator))) }
        if coin() { own["level"] = .number(JSONNumber(Int64.random(in: -3...3, using: &generator))) }
        if coin() { own["ratio"] = .number(JSONNumber(Double.random(in: -1e9...1e9, using: &generator))) }
        if coin() { own["first"] = .string(text()) }
        if coin() { own["site"] = ["name": .string(text())] }
        setList("tags", (0..<Int.random(in: 0..<4, using: &generator)).map { _ in .string(text()) }, in: &own)
        setList(
            "desks",
            (0..<Int.random(in: 0..<3, using: &generator)).map { number in
                ["value": .string(text()), "number": .number(JSONNumber(Int64(number))), "shared": .bool(coin())]
            }, in: &own)
        return own
    }

    /// Also what the mapping does not carry, twice, empty, in other cases, or missing.
    mutating func wild(_ type: ResourceType) -> JSONObject {
        var attributes = mapped(type)
        for key in attributes.keys where chance(8) {
            if coin() { attributes[key] = .null } else { attributes[key] = nil }
        }
        guard type == .user else { return attributes }
        if coin() { attributes["profileUrl"] = .string(text()) }
        var emails = attributes["emails"]?.arrayValue ?? []
        var phones = attributes["phoneNumbers"]?.arrayValue ?? []
        for _ in 0..<Int.random(in: 0..<4, using: &generator) {
            emails.append([
                "value": .string(coin() ? text() : ""), "type": .string(pick(["work", "Alias", "MAILBOX"])),
            ])
            emails.append(["value": .string(text()), "primary": .bool(coin())])
            let number = coin() ? telephone() : text()
            phones.append(["value": .string("tel:\(number)"), "type": .string(pick(["fax", "Work", "other"]))])
        }
        attributes["emails"] = .array((emails + emails.prefix(1)).shuffled(using: &generator))
        attributes["phoneNumbers"] = .array((phones + phones.prefix(1)).shuffled(using: &generator))
        return attributes
    }

    /// Another resource that has some values of `old`, and of its lists some elements.
    mutating func variation(of old: JSONObject, _ type: ResourceType) -> JSONObject {
        var new = wild(type)
        for key in Set(old.keys + new.keys).sorted() {
            switch Int.random(in: 0..<3, using: &generator) {
            case 0: new[key] = old[key]
            case 1:
                let values = ((old[key]?.arrayValue ?? []) + (new[key]?.arrayValue ?? [])).shuffled(using: &generator)
                if !values.isEmpty {
                    new[key] = .array(values.dropLast(Int.random(in: 0...values.count, using: &generator)))
                }
            default: break
            }
        }
        return new
    }

    private mutating func addresses() -> [JSONValue] {
        var addresses: [JSONValue] = []
        for (type, parts) in [
            ("work", ["streetAddress", "locality", "region", "postalCode", "country"]),
            ("home", ["streetAddress", "postalCode", "locality"]), ("home", ["streetAddress"]),
        ] where coin() {
            // The first part makes every address one of its own.
            var address: JSONObject = [parts[0]: .string(text()), "type": .string(type)]
            for part in parts.dropFirst() where coin() {
                address[part] = .string(part == "country" ? pick(["DE", "AT", "CH", "FR"]) : text())
            }
            addresses.append(.object(address))
        }
        return addresses
    }

    private mutating func typed(
        _ types: [String], value: (inout RandomResource) -> String = { $0.text() }
    ) -> [JSONValue] {
        types.flatMap { type in
            (0..<Int.random(in: 0..<4, using: &generator)).map { _ in
                ["value": .string(value(&self)), "type": .string(type)] as JSONValue
            }
        }
    }

    private mutating func mail() -> String {
        counter += 1
        return "\(pick(["a", "B", "c.d"]))\(counter)@x.test"
    }

    private mutating func telephone() -> String {
        counter += 1
        return "\(pick(["+49 30 - ", "(0)", "x."]))\(counter)"
    }

    private mutating func setExtension(_ urn: String, _ names: [String], in attributes: inout JSONObject) {
        var values = JSONObject()
        for name in names where coin() { values[name] = .string(text()) }
        if !values.isEmpty { attributes[urn] = .object(values) }
    }

    private func setList(_ name: String, _ values: [JSONValue], in attributes: inout JSONObject) {
        if !values.isEmpty { attributes[name] = .array(values) }
    }

    /// Never empty, and never twice the same but for its case.
    private mutating func text() -> String {
        counter += 1
        return "\(pick(["a", "B", "\u{FC}", "\u{1F600}", "x y", "\"\\"]))\(counter)"
    }

    private var counter = 0

    private mutating func coin() -> Bool { Bool.random(using: &generator) }
    private mutating func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &generator) == 0 }
    private mutating func pick(_ texts: [String]) -> String {
        texts[Int.random(in: 0..<texts.count, using: &generator)]
    }
}
