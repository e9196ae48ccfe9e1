// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import FuzzSupport
import JSON
import SCIM
import SCIMTestSupport
import Testing

@Suite("Attribute paths")
struct PathTests {
    private static let enterprise = SchemaURN.enterpriseUser

    @Test(
        "a path is looked up in any case and written as the schemas spell it",
        arguments: [
            (.user, "userName", "userName"), (.user, "USERNAME", "userName"), (.user, "name", "name"),
            (.user, "Name.FamilyName", "name.familyName"), (.user, "emails.$REF", nil),
            (.user, "groups.$REF", "groups.$ref"),
            (.user, "id", "id"), (.user, "externalid", "externalId"), (.user, "schemas", "schemas"),
            (.user, "meta", "meta"), (.user, "META.LASTMODIFIED", "meta.lastModified"), (.user, "password", "password"),
            (.user, "urn:ietf:params:scim:schemas:core:2.0:User:userName", "userName"),
            (.user, "urn:ietf:params:scim:schemas:core:2.0:user:NAME.givenname", "name.givenName"),
            (.user, "urn:ietf:params:scim:schemas:core:2.0:User:meta.version", "meta.version"),
            (.user, "\(enterprise):manager", "\(enterprise):manager"),
            (.user, "\(enterprise.lowercased()):Manager.Value", "\(enterprise):manager.value"),
            (.group, "members.value", "members.value"),
            (.group, "\(SchemaURN.univentionGroup):memberRoles.type", "\(SchemaURN.univentionGroup):memberRoles.type"),
            (.group, "\(SchemaURN.sync):error.scimType", "\(SchemaURN.sync):error.scimType"),
            (.user, "", nil), (.user, " userName", nil), (.user, "userName ", nil), (.user, ".", nil),
            (.user, ":", nil),
            (.user, "userName.", nil), (.user, ".userName", nil), (.user, "name.familyName.x", nil),
            (.user, "userName.value", nil), (.user, "name.value", nil), (.user, "other", nil), (.user, "members", nil),
            (.group, "userName", nil), (.user, "department", nil), (.user, enterprise, nil),
            (.user, "\(enterprise):", nil),
            (.user, "\(enterprise).department", nil), (.user, "\(enterprise):userName", nil),
            (.user, "\(enterprise):id", nil), (.group, "\(enterprise):department", nil),
            (.group, "\(SchemaURN.user):displayName", nil), (.user, "urn:x:y:userName", nil),
            (.user, "emails[type eq \"work\"]", nil), (.user, "userName\u{0}", nil), (.user, "uſerName", nil),
        ] as [(ResourceType, String, String?)])
    func lookup(type: ResourceType, text: String, expected: String?) {
        let path = AttributePath(text, for: type, registry: .standard)
        #expect(path?.description == expected)
    }

    @Test("every path of the schemas is found by its text", arguments: ResourceType.allCases)
    func all(type: ResourceType) throws {
        let registry = RandomFilter.registry
        for path in RandomFilter.paths(of: type) {
            #expect(AttributePath(path.description, for: type, registry: registry) == path)
            #expect(AttributePath(path.description.uppercased(), for: type, registry: registry) == path)
            if path.extensionURN == nil {
                let qualified = "\(registry.coreSchema(for: type).id):\(path)"
                #expect(AttributePath(qualified, for: type, registry: registry) == path)
            }
        }
    }

    @Test("of two URNs that fit, the longer one is meant")
    func longestURN() {
        let inner = SchemaAttribute("x", "")
        let outer = SchemaAttribute("b", "", type: .complex, subAttributes: [SchemaAttribute("x", "")])
        let registry = SchemaRegistry(
            core: [.user: .user, .group: .group],
            extensions: [
                .user: [
                    .init(Schema(id: "urn:a", name: "", description: "", attributes: [outer])),
                    .init(Schema(id: "urn:a:b", name: "", description: "", attributes: [inner])),
                ]
            ])
        #expect(AttributePath("URN:A:B:X", for: .user, registry: registry)?.attribute === inner)
        #expect(AttributePath("urn:a:b.x", for: .user, registry: registry)?.attribute === outer)
        #expect(AttributePath("urn:ab:x", for: .user, registry: registry) == nil)
        #expect(AttributePath("urn:a:b", for: .user, registry: registry) == nil)
    }
}

@Suite("Patch paths")
struct PatchPathTests {
    private static let enterprise = SchemaURN.enterpriseUser

    private func parse(_ text: String, _ type: ResourceType = .user) throws -> PatchPath {
        try PatchPath.parse(text, for: type, registry: .standard)
    }

    @Test("a path is an attribute, an extension or the values that fulfil a filter")
    func forms() throws {
        let registry = SchemaRegistry.standard
        let emails = try #require(AttributePath("emails", for: .user, registry: registry))
        let type = AttributePath(attribute: try #require(emails.attribute.subAttribute("type")))
        let work = Filter.compare(type, .equal, .string("work"))
        let value = emails.attribute.subAttribute("value")
        #expect(try parse("emails") == .attribute(emails))
        #expect(
            try parse("emails.VALUE") == .attribute(AttributePath(attribute: emails.attribute, subAttribute: value)))
        #expect(try parse(Self.enterprise.uppercased()) == .wholeExtension(urn: Self.enterprise))
        #expect(
            try parse(#"emails[type eq "work"]"#) == .elements(of: emails, matching: work, subAttribute: nil))
        #expect(
            try parse(#" Emails[Type eq "work"].Value "#)
                == .elements(of: emails, matching: work, subAttribute: value))
    }

    @Test(
        "paths are read and written",
        arguments: [
            (.user, "userName", "userName"), (.user, "password", "password"),
            (.user, "NAME.familyname", "name.familyName"),
            (.user, "\(SchemaURN.user):emails", "emails"),
            (.user, "\(enterprise):department", "\(enterprise):department"),
            (.user, "\(enterprise):manager.value", "\(enterprise):manager.value"),
            (
                .group, #"members[value eq "2819c223-7f76-453a-919d-413861904646"]"#,
                #"members[value eq "2819c223-7f76-453a-919d-413861904646"]"#
            ),
            (.group, "members[ value  eq  \"x\" ]\t", #"members[value eq "x"]"#),
            (
                .group, #"urn:ietf:params:scim:schemas:core:2.0:Group:members[value eq "x" or value eq "y"].type"#,
                #"members[value eq "x" or value eq "y"].type"#
            ),
            (
                .group, #"\#(SchemaURN.univentionGroup):memberRoles[type eq "]"].value"#,
                #"\#(SchemaURN.univentionGroup):memberRoles[type eq "]"].value"#
            ),
            (.user, #"addresses[type eq "work"].streetAddress"#, #"addresses[type eq "work"].streetAddress"#),
            (.user, "emails[primary eq True]", "emails[primary eq true]"),
            (.user, "emails[not (type pr)].$ref", nil),
            (.user, "emails[not(type pr)]", "emails[type eq null]"),
            (.user, "emails[other eq 5]", "emails[id.none pr]"),
            (.user, "groups[type eq \"direct\"].$ref", "groups[type eq \"direct\"].$ref"),
            (.group, SchemaURN.univentionGroup, SchemaURN.univentionGroup),
            (.user, SchemaURN.sync, SchemaURN.sync),
        ] as [(ResourceType, String, String?)])
    func read(type: ResourceType, text: String, expected: String?) throws {
        guard let expected else {
            #expect(throws: SCIMError.self) { try parse(text, type) }
            return
        }
        let path = try parse(text, type)
        #expect(path.description == expected)
        #expect(try parse(path.description, type) == path)
    }

    @Test(
        "what is malformed or unknown is invalidPath",
        arguments: [
            ("", "is empty"), (" \t", "is empty"), (".", "malformed at byte 0"), ("[", "malformed at byte 0"),
            ("]", "malformed"), ("emails.", "malformed at byte 7"), (" name..x", "malformed at byte 6"),
            ("/emails", "malformed at byte 0"),
            ("name.familyName.x", "malformed at byte 15"), ("user name", "malformed at byte 4"),
            ("emails [type pr]", "malformed at byte 6"), ("userName eq \"x\"", "malformed"),
            ("other", "leads to no attribute of a User"), ("members", "leads to no attribute of a User"),
            ("name.other", "leads to no attribute"), ("userName.value", "leads to no attribute"),
            ("department", "leads to no attribute"), ("urn:x:y:z", "leads to no attribute"),
            ("\(SchemaURN.univentionGroup)", "leads to no attribute"), ("\(SchemaURN.user)", "is a schema"),
            ("\(enterprise):", "malformed"), ("\(enterprise):other", "leads to no attribute"),
            ("other[value pr]", "leads to no attribute"),
            ("\(enterprise)[value pr]", "no multi-valued complex attribute"),
            ("name[familyName pr]", "name is no multi-valued complex"),
            ("userName[value pr]", "userName is no multi-valued"),
            ("schemas[value pr]", "schemas is no multi-valued"),
            ("emails.value[value pr]", "emails.value is no multi-valued"),
            ("\(enterprise):manager[value pr].displayName", "manager is no multi-valued"),
            ("emails[type eq \"work\"", "not closed"), ("emails[type eq \"work]", "not closed"),
            ("emails[", "not closed"),
            ("emails[type", "not closed"), ("emails[(type pr", "not closed"), ("emails[type pr\n", "not closed"),
            ("emails[type pr].", "malformed at byte 15"), ("emails[type pr]x", "malformed at byte 15"),
            ("emails[type pr]]", "malformed at byte 15"), ("emails[type pr].value.x", "malformed at byte 15"),
            ("emails[type pr][type pr]", "malformed at byte 15"), ("emails[type pr] .value", "malformed at byte 15"),
            ("emails[type pr].other", "leads to no sub-attribute of emails"),
            ("emails[type pr].value[type pr]", "malformed"),
        ])
    func invalidPath(text: String, reason: String) throws {
        let error = try #require(throws: SCIMError.self) { try parse(text) }
        #expect(error.status == 400)
        #expect(error.scimType == .invalidPath)
        #expect(error.detail.contains(reason), "\(error.detail)")
    }

    @Test(
        "a malformed filter in brackets is invalidFilter, at its byte of the path",
        arguments: [
            "emails[▸]", "emails[▸and]", "emails[type ▸is \"work\"]", "emails[type eq ▸work]", "emails[type eq ▸1]",
            "emails[primary ▸gt true]", "emails[type pr ▸x]", "emails[(type pr▸]", "emails[type▸[value pr]]",
            " emails[type ▸= 1]", "\(SchemaURN.user):emails[type eq ▸1].value", "emails[type eq \"a▸\\x\"]",
            "emails[\(String(repeating: "(", count: 49))▸(type pr)]",
        ])
    func invalidFilter(marked: String) throws {
        let parts = marked.split(separator: "▸", omittingEmptySubsequences: false)
        let error = try #require(throws: SCIMError.self) { try parse(parts.joined()) }
        let refused = try #require(Refused(error), "\(error)")
        #expect(refused.offset == parts[0].utf8.count, "\(refused.detail)")
    }

    @Test("a long path is refused, and not repeated in full")
    func long() throws {
        for text in [
            String(repeating: "x", count: 10_000_000), String(repeating: "é", count: 4096),
            String(repeating: "x.", count: 4096),
            "emails[type eq \"\(String(repeating: "x", count: 8000))",
        ] {
            let error = try #require(throws: SCIMError.self) { try parse(text) }
            #expect(error.scimType == .invalidPath)
            #expect(error.detail.utf8.count < 400)
        }
    }

    @Test("the values that a filter selects are found by it")
    func selection() throws {
        let emails: [JSONObject] = [
            ["value": "a", "type": "Work"], ["value": "b", "type": "home", "primary": true], ["value": "c"],
        ]
        for (text, expected) in [
            (#"emails[type eq "work"]"#, "a"), ("emails[primary eq true]", "b"), ("emails[type eq null]", "c"),
            (#"emails[type ne "work"]"#, "bc"), (#"emails[value gt "a" and not (primary eq true)]"#, "c"),
            (#"emails[type eq "work" or primary eq "True"].value"#, "ab"), ("emails[other pr]", ""),
        ] {
            guard case .elements(_, let filter, _) = try parse(text) else {
                Issue.record("\(text) has no filter")
                continue
            }
            #expect(
                emails.filter(filter.matches).compactMap { $0["value"]?.stringValue }.joined() == expected, "\(text)")
        }
    }

    @Test("random paths are refused or read, never more")
    func fuzz() throws {
        let seed = SeededGenerator.seedOfThisRun
        var generator = SeededGenerator(seed: seed)
        let tokens = [
            "emails", "members", "name", ".", "value", "[", "]", "type", " eq ", "\"x\"", "\"", " and ", "(", ")",
            " pr", ":",
            SchemaURN.user, SchemaURN.enterpriseUser, "manager", "é", "\u{0}", " ", "\\",
        ]
        let corpus = try FuzzCorpus.paths()
        var taken = 0
        var budget = FuzzBudget(count: 8000)
        while budget.takes() {
            let count = Int.random(in: 1...8, using: &generator)
            var text = (0..<count).compactMap { _ in tokens.randomElement(using: &generator) }.joined()
            if Bool.random(using: &generator) {
                var bytes = Array((corpus.randomElement(using: &generator) ?? "").utf8)
                JSONDamage.apply(to: &bytes, using: &generator)
                text = String(decoding: bytes, as: UTF8.self)
            }
            do {
                let path = try parse(text)
                try #require(try parse(path.description) == path, "seed \(seed): \(text)")
                taken += 1
            } catch {
                let error = try #require(error as? SCIMError, "seed \(seed): \(text)")
                try #require(error.scimType == .invalidPath || Refused(error) != nil, "seed \(seed): \(text)")
            }
        }
        #expect(taken > 0, "seed \(seed)")
    }
}
