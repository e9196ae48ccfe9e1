// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import SCIM
import SCIMTestSupport
import Testing

@Suite("Filter grammar")
struct FilterParserTests {
    private static let enterprise = SchemaURN.enterpriseUser
    private static let demo = RandomFilter.demo.id

    private func canonical(_ text: String, _ type: ResourceType = .user) throws -> String {
        try Filter.parse(text, for: type, registry: RandomFilter.registry).description
    }

    @Test(
        "the examples of RFC 7644 figure 2 are read",
        arguments: [
            (#"userName Eq "john""#, #"userName eq "john""#),
            (#"Username eq "john""#, #"userName eq "john""#),
            (#"userName eq "bjensen""#, #"userName eq "bjensen""#),
            (#"name.familyName co "O'Malley""#, #"name.familyName co "O'Malley""#),
            (#"userName sw "J""#, #"userName sw "J""#),
            (#"urn:ietf:params:scim:schemas:core:2.0:User:userName sw "J""#, #"userName sw "J""#),
            ("title pr", "title pr"),
            (#"meta.lastModified gt "2011-05-13T04:42:34Z""#, #"meta.lastModified gt "2011-05-13T04:42:34.000000Z""#),
            (#"meta.lastModified ge "2011-05-13T04:42:34Z""#, #"meta.lastModified ge "2011-05-13T04:42:34.000000Z""#),
            (#"meta.lastModified lt "2011-05-13T04:42:34Z""#, #"meta.lastModified lt "2011-05-13T04:42:34.000000Z""#),
            (#"meta.lastModified le "2011-05-13T04:42:34Z""#, #"meta.lastModified le "2011-05-13T04:42:34.000000Z""#),
            (#"title pr and userType eq "Employee""#, #"title pr and userType eq "Employee""#),
            (#"title pr or userType eq "Intern""#, #"title pr or userType eq "Intern""#),
            (
                #"schemas eq "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User""#,
                #"schemas eq "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User""#
            ),
            (
                #"userType eq "Employee" and (emails co "example.com" or emails.value co "example.org")"#,
                #"userType eq "Employee" and (emails.value co "example.com" or emails.value co "example.org")"#
            ),
            (
                #"userType ne "Employee" and not (emails co "example.com" or emails.value co "example.org")"#,
                #"userType ne "Employee" and not (emails.value co "example.com" or emails.value co "example.org")"#
            ),
            (
                #"userType eq "Employee" and (emails.type eq "work")"#,
                #"userType eq "Employee" and emails.type eq "work""#
            ),
            (
                #"userType eq "Employee" and emails[type eq "work" and value co "@example.com"]"#,
                #"userType eq "Employee" and emails[type eq "work" and value co "@example.com"]"#
            ),
            (
                #"emails[type eq "work" and value co "@example.com"] or ims[type eq "xmpp" and value co "@foo.com"]"#,
                #"emails[type eq "work" and value co "@example.com"] or ims[type eq "xmpp" and value co "@foo.com"]"#
            ),
        ])
    func rfcExamples(text: String, expected: String) throws {
        #expect(try canonical(text) == expected)
    }

    @Test("a filter is a tree of the attributes of the schemas")
    func tree() throws {
        let registry = SchemaRegistry.standard
        func path(_ text: String) throws -> AttributePath {
            try #require(AttributePath(text, for: .user, registry: registry))
        }
        let emails = try path("emails")
        let type = AttributePath(attribute: try #require(emails.attribute.subAttribute("type")))
        let value = AttributePath(attribute: try #require(emails.attribute.subAttribute("value")))
        let text = #"""
            userName eq "a" and (active ne true or not(title pr)) or emails[type eq "work" and not (value sw "x")]
            or \#(Self.enterprise):manager eq "m" or meta.created le "2026-11-21T10:15:29+01:00" or nothing ne 1
            """#
        let expected: Filter = .or([
            .and([
                .compare(try path("userName"), .equal, .string("a")),
                .or([.not(.compare(try path("active"), .equal, .boolean(true))), .not(.present(try path("title")))]),
            ]),
            .value(
                emails,
                .and([.compare(type, .equal, .string("work")), .not(.compare(value, .startsWith, .string("x")))])),
            .compare(try path("\(Self.enterprise):manager.value"), .equal, .string("m")),
            .compare(
                try path("meta.created"), .lessOrEqual,
                .dateTime(try #require(Timestamp(iso8601: "2026-11-21T09:15:29Z")))),
            .constant(true),
        ])
        #expect(try Filter.parse(text, for: .user, registry: registry) == expected)
    }

    @Test(
        "not binds tighter than and, and tighter than or",
        arguments: [
            ("title pr or nickName pr and locale pr", "title pr or nickName pr and locale pr"),
            ("title pr and nickName pr or locale pr", "title pr and nickName pr or locale pr"),
            ("title pr or (nickName pr and locale pr)", "title pr or nickName pr and locale pr"),
            ("(title pr or nickName pr) and locale pr", "(title pr or nickName pr) and locale pr"),
            ("not (title pr) and nickName pr", "title eq null and nickName pr"),
            ("not (title pr and nickName pr) or locale pr", "not (title pr and nickName pr) or locale pr"),
            ("title pr and not (nickName pr) or locale pr", "title pr and nickName eq null or locale pr"),
            ("((((title pr))))", "title pr"),
            ("title pr and (nickName pr and locale pr)", "title pr and (nickName pr and locale pr)"),
            ("title pr or (nickName pr or locale pr)", "title pr or (nickName pr or locale pr)"),
            ("not (not (title pr))", "not (title eq null)"),
        ])
    func precedence(text: String, expected: String) throws {
        #expect(try canonical(text) == expected)
    }

    @Test(
        "white space and case do not matter, and tokens that end by themselves need none",
        arguments: [
            (" \t\r\n title\tPR \n", "title pr"),
            ("TITLE pR AND nickname Pr", "title pr and nickName pr"),
            ("NOT(title pr)", "title eq null"),
            ("not\n( title pr )", "title eq null"),
            ("(title pr)and(nickName pr)OR(locale pr)", "title pr and nickName pr or locale pr"),
            (#"userName eq"a"and title eq"b""#, #"userName eq "a" and title eq "b""#),
            (#"emails[type eq "work"]and title pr"#, #"emails[type eq "work"] and title pr"#),
            (#"EMAILS [ TYPE EQ "work" ] . value pr"#, nil),
            (#"EMAILS [ TYPE EQ "work" ].VALUE PR"#, #"emails[type eq "work" and value pr]"#),
            ("URN:IETF:PARAMS:SCIM:SCHEMAS:CORE:2.0:USER:NAME.FAMILYNAME PR", "name.familyName pr"),
        ] as [(String, String?)])
    func spelling(text: String, expected: String?) throws {
        guard let expected else {
            #expect(throws: SCIMError.self) { try canonical(text) }
            return
        }
        #expect(try canonical(text) == expected)
    }

    @Test(
        "Entra ID's value path with a sub-attribute asks for one value that fulfils both",
        arguments: [
            (#"emails[type eq "work"].value eq "x""#, #"emails[type eq "work" and value eq "x"]"#),
            (
                #"emails[type eq "work" and primary eq true].value co "x""#,
                #"emails[type eq "work" and primary eq true and value co "x"]"#
            ),
            (
                #"emails[type eq "work" or type eq "home"].value eq "x""#,
                #"emails[(type eq "work" or type eq "home") and value eq "x"]"#
            ),
            (#"emails[type eq "work"].value ne "x""#, #"not (emails[type eq "work" and value eq "x"])"#),
            (#"emails[type eq "work"].value pr"#, #"emails[type eq "work" and value pr]"#),
            (#"emails[type eq "work"].value eq null"#, #"not (emails[type eq "work" and value pr])"#),
            (#"emails[type eq "work"].value ne null"#, #"emails[type eq "work" and value pr]"#),
            (#"emails[type eq "work"].other eq "x""#, "id.none pr"),
            (#"emails[type eq "work"].other ne "x""#, "id.none eq null"),
            (#"other[type eq "work"].value eq "x""#, "id.none pr"),
            (#"other[type eq "work"].value ne "x""#, "id.none eq null"),
            (
                #"addresses[type eq "work"].locality sw "B" or title pr"#,
                #"addresses[type eq "work" and locality sw "B"] or title pr"#
            ),
        ])
    func entraForm(text: String, expected: String) throws {
        #expect(try canonical(text) == expected)
    }

    @Test(
        "names are qualified by the URNs of the type",
        arguments: [
            (.user, "\(enterprise):department pr", "\(enterprise):department pr"),
            (.user, "\(enterprise.uppercased()):DEPARTMENT pr", "\(enterprise):department pr"),
            (.user, #"\#(enterprise):manager.displayName eq "x""#, #"\#(enterprise):manager.displayName eq "x""#),
            (.user, #"\#(enterprise):manager eq "x""#, #"\#(enterprise):manager.value eq "x""#),
            (.user, #"\#(enterprise):manager.$ref eq "x""#, #"\#(enterprise):manager.$ref eq "x""#),
            (.user, "\(SchemaURN.user):meta.version pr", "meta.version pr"),
            (.user, "\(SchemaURN.user):id pr", "id pr"),
            (.user, #"\#(SchemaURN.sync):status eq "failed""#, #"\#(SchemaURN.sync):status eq "failed""#),
            (
                .group, #"\#(SchemaURN.univentionGroup):memberRoles[type eq "guardian"]"#,
                #"\#(SchemaURN.univentionGroup):memberRoles[type eq "guardian"]"#
            ),
            (
                .group, #"members eq "x" and members[type eq "User"]"#,
                #"members.value eq "x" and members[type eq "User"]"#
            ),
            // What the type does not have.
            (.user, "members pr", "id.none pr"),
            (.user, "\(SchemaURN.group):displayName pr", "id.none pr"),
            (.group, "\(enterprise):department pr", "id.none pr"),
            (.user, "department pr", "id.none pr"),
            (.user, "\(enterprise):userName pr", "id.none pr"),
            (.user, "\(enterprise):id pr", "id.none pr"),
            (.user, "urn:x:y:z pr", "id.none pr"),
            (.user, "http://host.test/schema:attr.sub pr", "id.none pr"),
        ] as [(ResourceType, String, String)])
    func qualifiedNames(type: ResourceType, text: String, expected: String) throws {
        #expect(try canonical(text, type) == expected)
    }

    @Test(
        "what is not defined has no value",
        arguments: [
            ("other pr", "id.none pr"), ("other eq null", "id.none eq null"), ("other ne null", "id.none pr"),
            ("other eq 1", "id.none pr"), ("other ne 1", "id.none eq null"), (#"other gt "x""#, "id.none pr"),
            ("other lt true", "id.none pr"), ("name.other co 5", "id.none pr"), ("title.other ne 5", "id.none eq null"),
            ("other[value ne 1]", "id.none pr"), ("not (other[value ne 1])", "not (id.none pr)"),
            ("emails[other ne 1]", "emails[id.none eq null]"), ("emails[value.other pr]", "emails[id.none pr]"),
            ("emails[emails.value pr]", "emails[id.none pr]"),
            ("emails[urn:ietf:params:scim:schemas:core:2.0:User:emails.value pr]", "emails[id.none pr]"),
        ])
    func undefined(text: String, expected: String) throws {
        #expect(try canonical(text) == expected)
    }

    @Test(
        "values have the types of their attributes",
        arguments: [
            (#"active eq true"#, "active eq true"), (#"active ne False"#, "active ne false"),
            (#"active eq "True""#, "active eq true"), (#"active eq "FALSE""#, "active eq false"),
            ("active eq NULL", "active eq null"), ("active ne null", "active pr"), ("name eq null", "name eq null"),
            ("emails ne null", "emails pr"), ("emails.primary eq TRUE", "emails.primary eq true"),
            ("\(demo):floor eq 12", "\(demo):floor eq 12"), ("\(demo):floor ge -0", "\(demo):floor ge 0"),
            ("\(demo):floor eq 1.5", "\(demo):floor eq 1.5"), ("\(demo):floor lt 0e99999999999", "\(demo):floor lt 0"),
            ("\(demo):height gt 1.7976931348623157e308", "\(demo):height gt 1.7976931348623157e308"),
            (
                "\(demo):height lt -12345678901234567890.123456789012345678901234567890",
                "\(demo):height lt -12345678901234567890.123456789012345678901234567890"
            ),
            ("\(demo):height eq 1E+2", "\(demo):height eq 1E+2"),
            (#"\#(demo):hired eq "2026-12-31T24:00:00""#, #"\#(demo):hired eq "2027-01-01T00:00:00.000000Z""#),
            (#"\#(demo):page co "x""#, #"\#(demo):page co "x""#), (#"\#(demo):page gt "x""#, #"\#(demo):page gt "x""#),
            (#"\#(demo):key sw "TU""#, #"\#(demo):key sw "TU""#), (#"\#(demo):tags eq "x""#, #"\#(demo):tags eq "x""#),
            (#"x509Certificates ew "==""#, #"x509Certificates.value ew "==""#),
            (#"userName eq """#, #"userName eq """#), (#"userName eq "true""#, #"userName eq "true""#),
            (#"userName eq "\"\\\/\b\f\n\r\t""#, #"userName eq "\"\\/\b\f\n\r\t""#),
            (#"userName eq "\u00e9\u20AC\uD83D\uDE00""#, #"userName eq "é€😀""#),
            (#"userName eq "é€😀) and ( or ]""#, #"userName eq "é€😀) and ( or ]""#),
            (#"userName eq "\u0001\uFFFF""#, "userName eq \"\\u0001\u{FFFF}\""),
        ])
    func literals(text: String, expected: String) throws {
        #expect(try canonical(text).utf8.elementsEqual(expected.utf8))
    }

    @Test("8192 bytes are read, one more is refused at the byte that is too much")
    func length() throws {
        let text = #"userName eq "\#(String(repeating: "é", count: (8192 - 14) / 2))""#
        #expect(text.utf8.count == 8192)
        #expect(try canonical(text) == text)
        #expect(Refused(text + " ")?.offset == 8192)
        #expect(Refused(String(repeating: "(", count: 10_000_000))?.offset == 8192)
    }

    @Test(
        "parentheses, not and brackets nest 50 deep, and the error points at the one that is too deep",
        arguments: [
            ("(", "title pr", ")", 50, 50),
            ("not (", "title pr", ")", 50, 50 * 5 + 4),
            ("(not(", "emails[type pr]", "))", 24, 25 * 5 + 6),
            ("(", "other[type pr]", ")", 49, 50 + 5),
        ])
    func depth(opening: String, inner: String, closing: String, count: Int, offset: Int) throws {
        func nested(_ count: Int) -> String {
            String(repeating: opening, count: count) + inner + String(repeating: closing, count: count)
        }
        _ = try canonical(nested(count))
        _ = try canonical("\(nested(count)) and \(nested(count))")
        let refused = try #require(Refused(nested(count + 1)))
        #expect(refused.offset == offset)
        #expect(refused.detail.contains("nested deeper than 50"))
        #expect(Refused("title pr and \(nested(1000))") != nil)
    }

    @Test("the canonical text of the deepest filters is within the limit as well")
    func canonicalDepth() throws {
        func nested(_ count: Int, _ inner: String) -> String {
            String(repeating: "not (", count: count) + inner + String(repeating: ")", count: count)
        }
        let or = #"emails[type eq "work" or type eq "home"].value"#
        // An `or` within an `or` keeps its parentheses.
        let deep = #"emails[(type pr or (value pr or display pr)) and (type pr or value pr)].value"#
        for (count, inner) in [
            (49, #"emails[type pr].value eq "x""#), (48, #"emails[type pr].value ne "x""#), (48, #"\#(or) eq "x""#),
            (47, #"\#(or) ne "x""#), (47, #"\#(deep) eq "x""#), (46, #"\#(deep) ne "x""#),
        ] {
            let text = try canonical(nested(count, inner))
            #expect(try canonical(text) == text)
            #expect(Refused(nested(count + 1, inner)) != nil)
        }
    }

    @Test("the terms of a chain are not nested", arguments: ["and", "or"])
    func chain(word: String) throws {
        let term = "x pr"
        let count = 900
        let text = Array(repeating: term, count: count).joined(separator: " \(word) ")
        #expect(text.utf8.count <= 8192)
        let filter = try Filter.parse(text, for: .user, registry: .standard)
        let terms: [Filter]
        switch filter {
        case .and(let filters), .or(let filters): terms = filters
        default: terms = []
        }
        #expect(terms == Array(repeating: .constant(false), count: count))
    }

    @Test("a chain of any length is evaluated without descending")
    func longChain() {
        let terms = Array(repeating: Filter.constant(true), count: 100_000)
        #expect(Filter.and(terms).matches(JSONObject()))
        #expect(!Filter.or(terms.map { .not($0) }).matches(JSONObject()))
        #expect(Filter.or(terms).description.utf8.count == 100_000 * 19 - 4)
    }
}

/// What a refused filter was refused for; nil for a filter that is taken.
struct Refused {
    let detail: String
    let offset: Int

    init?(_ text: String, for type: ResourceType = .user) {
        do {
            _ = try Filter.parse(text, for: type, registry: RandomFilter.registry)
            return nil
        } catch {
            self.init(error)
        }
    }

    init?(_ error: SCIMError) {
        guard error.status == 400, error.scimType == .invalidFilter else { return nil }
        let prefix = "The filter is malformed at byte "
        guard error.detail.hasPrefix(prefix),
            let offset = Int(error.detail.dropFirst(prefix.count).prefix { $0.isNumber })
        else { return nil }
        detail = error.detail
        self.offset = offset
    }
}
