// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import FuzzSupport
import JSON
import SCIM
import SCIMTestSupport
import Testing

@Suite("Filters on resources")
struct FilterEvaluationTests {
    private static let demo = RandomFilter.demo.id

    private static let user: JSONObject = [
        "schemas": [.string(SchemaURN.user), .string(SchemaURN.enterpriseUser), .string(RandomFilter.demo.id)],
        "id": "2819c223-7f76-453a-919d-413861904646",
        "externalId": "Ext-1",
        "userName": "BJensen@example.com",
        "name": ["familyName": "Jensén", "givenName": "Barbara"],
        "displayName": "",
        "active": true,
        "emails": [
            ["value": "bjensen@example.com", "type": "work", "primary": true],
            ["value": "babs@jensen.example", "type": "home"],
            ["value": "old@example.com"],
        ],
        "profileUrl": "https://host.test/Babs",
        "addresses": [["locality": "Bremen", "type": "work"]],
        "x509Certificates": [["value": "TUlJ"]],
        "ims": [],
        "roles": [JSONValue.object([:])],
        "title": .null,
        "meta": [
            "resourceType": "User", "created": "2026-11-21T09:15:29.900Z", "lastModified": "2026-11-22T00:00:00Z",
            "version": "W/\"3\"",
        ],
        SchemaURN.enterpriseUser: ["department": "50% of_all", "manager": ["value": "m1", "displayName": "Boss"]],
        RandomFilter.demo.id: [
            "badge": "Ab", "remote": false, "floor": 3, "height": 1.80, "hired": "2026-11-21T10:15:29+01:00",
            "key": "TQ==", "tags": ["Red", "green"], "levels": [1.0, 20], "desk": ["room": "A", "number": 0],
        ],
    ]

    private func matches(_ text: String) throws -> Bool {
        try Filter.parse(text, for: .user, registry: RandomFilter.registry).matches(Self.user)
    }

    @Test(
        "texts are compared by scalars, without regard to case unless they are caseExact",
        arguments: [
            (#"userName eq "bjensen@EXAMPLE.com""#, true), (#"userName eq "bjensen""#, false),
            (#"userName ne "bjensen""#, true), (#"userName ne "BJENSEN@example.com""#, false),
            (#"userName co "JENSEN@""#, true), (#"userName co "jensén""#, false), (#"userName co """#, true),
            (#"userName sw "bj""#, true), (#"userName sw "jensen""#, false), (#"userName sw """#, true),
            (#"userName sw "bjensen@example.com.""#, false),
            (#"userName ew ".COM""#, true), (#"userName ew ".co""#, false), (#"userName ew """#, true),
            (#"userName ew "xbjensen@example.com""#, false),
            (#"userName gt "bjensen""#, true), (#"userName gt "BJENSEN@EXAMPLE.COM""#, false),
            (#"userName ge "BJENSEN@EXAMPLE.COM""#, true), (#"userName lt "C""#, true), (#"userName lt "b""#, false),
            (#"userName le "bjensen@example.com""#, true), (#"userName le "bjensen@example.co""#, false),
            (#"name.familyName eq "JENSÉN""#, true), (#"name.familyName eq "jense\u0301n""#, false),
            (#"name.familyName co "É""#, true), (#"name.familyName gt "jensez""#, true),
            (#"displayName eq """#, true), (#"displayName co "a""#, false), (#"displayName lt "a""#, true),
            (#"externalId eq "Ext-1""#, true), (#"externalId eq "ext-1""#, false), (#"externalId sw "e""#, false),
            (#"id eq "2819c223-7f76-453a-919d-413861904646""#, true),
            (#"id eq "2819C223-7F76-453A-919D-413861904646""#, false),
            (#"\#(demo):badge gt "AB""#, true), (#"\#(demo):badge lt "ab""#, true), (#"\#(demo):badge co "B""#, false),
            (#"profileUrl ew "/Babs""#, true), (#"profileUrl ew "/babs""#, false), (#"profileUrl gt "https""#, true),
            (#"x509Certificates sw "TU""#, true), (#"x509Certificates eq "tulj""#, false),
            (#"\#(SchemaURN.enterpriseUser):department co "% of_ALL""#, true),
            (#"\#(SchemaURN.enterpriseUser):department co "%all""#, false),
            (#"\#(SchemaURN.enterpriseUser):department sw "5_%""#, false),
            (#"schemas eq "\#(SchemaURN.enterpriseUser)""#, true),
            (#"schemas eq "\#(SchemaURN.enterpriseUser.uppercased())""#, false),
        ])
    func texts(text: String, expected: Bool) throws {
        #expect(try matches(text) == expected)
    }

    @Test(
        "numbers, Booleans and instants are compared by value",
        arguments: [
            ("\(demo):floor eq 3.0", true), ("\(demo):floor eq 30e-1", true), ("\(demo):floor ne 3", false),
            ("\(demo):floor gt 2.9999999999999999999", true), ("\(demo):floor lt 3.0000000000000000001", true),
            ("\(demo):floor ge 3", true), ("\(demo):floor le 3", true), ("\(demo):floor gt 3", false),
            ("\(demo):floor gt -4", true), ("\(demo):floor lt 1e300", true), ("\(demo):floor lt 1e-300", false),
            ("\(demo):height eq 1.8", true), ("\(demo):height gt 1.7999999999999999999", true),
            ("\(demo):levels eq 1", true), ("\(demo):levels gt 19", true), ("\(demo):levels gt 20", false),
            ("\(demo):desk.number eq 0", true), ("\(demo):desk.number lt -0.0", false),
            ("active eq true", true), ("active eq false", false), ("active ne false", true),
            (#"active eq "True""#, true), ("\(demo):remote eq false", true), ("emails.primary eq true", true),
            ("emails.primary eq false", false),
            (#"meta.created eq "2026-11-21T09:15:29.9Z""#, true), (#"meta.created eq "2026-11-21T09:15:29Z""#, false),
            (#"meta.created eq "2026-11-21T18:15:29.900+09:00""#, true),
            (#"meta.created gt "2026-11-21T10:00:00+01:00""#, true),
            (#"meta.created lt "2026-11-21T10:00:00+01:00""#, false),
            (#"meta.lastModified ge "2026-11-21T24:00:00Z""#, true),
            (#"meta.lastModified le "2026-11-21T24:00:00Z""#, true),
            (#"\#(demo):hired eq "2026-11-21T09:15:29Z""#, true), (#"\#(demo):hired lt "2026-11-21T09:15:30""#, true),
        ])
    func values(text: String, expected: Bool) throws {
        #expect(try matches(text) == expected)
    }

    @Test(
        "one of several values is enough, and a value path asks for one and the same",
        arguments: [
            (#"emails eq "babs@jensen.example""#, true), (#"emails.value co "babs""#, true),
            (#"emails.type eq "work" and emails.value co "babs""#, true),
            (#"emails[type eq "work" and value co "babs"]"#, false),
            (#"emails[type eq "home" and value co "babs"]"#, true),
            (#"emails[type eq "work"].value eq "bjensen@example.com""#, true),
            (#"emails[type eq "home"].value eq "bjensen@example.com""#, false),
            (#"emails[type eq "home"].value ne "bjensen@example.com""#, true),
            (#"emails[type eq "work"].value ne "bjensen@example.com""#, false),
            (#"emails[type eq "other"].value pr"#, false), (#"emails[type eq "other"].value eq null"#, true),
            (#"emails[type eq null]"#, true), (#"emails[type eq null and value sw "old"]"#, true),
            (#"emails[type ne "work" and type ne "home"]"#, true), (#"emails[not (value pr)]"#, false),
            (#"not (emails[type eq "other"])"#, true), (#"emails[type pr or primary pr]"#, true),
            ("emails[other eq 1]", false), ("emails[other ne 1]", true),
            (#"name[familyName sw "j" and givenName eq "barbara"]"#, true), (#"name[middleName eq null]"#, true),
            (#"\#(SchemaURN.enterpriseUser):manager[displayName eq "boss"]"#, true),
            (#"addresses[locality eq "bremen"].type eq "work""#, true),
            (#"\#(demo):tags eq "RED""#, true), (#"\#(demo):tags ne "red""#, false),
            (#"\#(demo):tags ne "blue""#, true),
            (#"\#(SchemaURN.enterpriseUser):manager eq "m1""#, true),
            // No values at all.
            ("ims[type pr]", false), ("ims[type eq null]", false), ("photos[not (type pr)]", false),
        ])
    func multipleValues(text: String, expected: Bool) throws {
        #expect(try matches(text) == expected)
    }

    @Test(
        "null, empty lists and empty objects are no values, the empty text is one",
        arguments: [
            ("userName pr", true), ("displayName pr", true), ("title pr", false), ("ims pr", false),
            ("roles pr", false),
            ("photos pr", false), ("emails pr", true), ("emails.primary pr", true), ("emails.display pr", false),
            ("name pr", true), ("name.middleName pr", false), ("active pr", true), ("\(demo):remote pr", true),
            ("\(demo):page pr", false), ("\(SchemaURN.sync):status pr", false), ("meta.created pr", true),
            ("title eq null", true), ("userName eq null", false), ("userName ne null", true), ("ims eq null", true),
            ("name.middleName eq null", true), ("roles ne null", false),
        ])
    func presence(text: String, expected: Bool) throws {
        #expect(try matches(text) == expected)
    }

    @Test(
        "without a value only ne is true",
        arguments: [
            (#"title eq "x""#, false), (#"title ne "x""#, true), (#"title co """#, false), (#"title sw """#, false),
            (#"title ew """#, false), (#"title lt "z""#, false), (#"title ge """#, false), (#"photos ne "x""#, true),
            (#"\#(SchemaURN.sync):status ne "failed""#, true),
            (#"\#(SchemaURN.sync):nextAttempt lt "2026-11-21T09:15:29Z""#, false),
            ("\(SchemaURN.sync):pendingRevisions le 5", false), ("emails.primary ne false", true),
            (#"nickName ne "x" and not (nickName eq "x")"#, true), (#"other ne "x""#, true), ("other eq null", true),
            (#"other eq "x""#, false), ("other pr", false), ("not (other pr)", true),
        ])
    func noValue(text: String, expected: Bool) throws {
        #expect(try matches(text) == expected)
    }

    @Test(
        "logic",
        arguments: [
            ("active eq true and title pr", false), ("active eq true or title pr", true),
            ("title pr or photos pr or active eq true and userName pr", true),
            ("(title pr or active eq true) and photos pr", false), ("title pr or active eq true and photos pr", false),
            ("not (title pr) and active eq true", true), ("not (active eq true or title pr)", false),
            ("not (not (active eq true))", true),
        ])
    func logic(text: String, expected: Bool) throws {
        #expect(try matches(text) == expected)
    }

    @Test("a value of another type than the attribute's fulfils no comparison")
    func otherTypes() throws {
        let resource: JSONObject = [
            "userName": 5, "active": "true", "emails": ["x", 1, .null, [["value": "y"]]], "name": "z",
            "meta": ["created": "yesterday"], RandomFilter.demo.id: "x",
        ]
        for text in [
            #"userName eq "5""#, #"userName lt "9""#, "active eq true", #"emails eq "x""#, #"emails eq "y""#,
            #"emails[value eq "y"]"#, #"emails[value eq null]"#, #"name.familyName co """#,
            #"name[familyName eq null]"#,
            #"meta.created lt "2026-11-21T09:15:29Z""#, #"meta.created ge "2026-11-21T09:15:29Z""#,
            "\(Self.demo):floor lt 5",
        ] {
            let filter = try Filter.parse(text, for: .user, registry: RandomFilter.registry)
            #expect(!filter.matches(resource), "\(text)")
        }
        #expect(Filter.constant(true).matches(resource))
    }

    @Test("one value where the schema has a list is a list of one")
    func singleValues() throws {
        let resource: JSONObject = ["emails": ["value": "x", "type": "work"], RandomFilter.demo.id: ["tags": "red"]]
        for text in [
            #"emails eq "x""#, #"emails[type eq "work"].value eq "x""#, #"\#(Self.demo):tags eq "red""#, "emails pr",
        ] {
            let filter = try Filter.parse(text, for: .user, registry: RandomFilter.registry)
            #expect(filter.matches(resource), "\(text)")
        }
    }

    @Test("co finds what a simple search finds")
    func contains() throws {
        let seed = SeededGenerator.seedOfThisRun
        var generator = SeededGenerator(seed: seed)
        let path = try #require(AttributePath("externalId", for: .user, registry: .standard))
        func text(_ count: ClosedRange<Int>) -> String {
            String(
                (0..<Int.random(in: count, using: &generator)).map { _ in Bool.random(using: &generator) ? "a" : "é" })
        }
        var found = 0
        for _ in 0..<2000 {
            let (value, piece) = (text(0...12), text(0...6))
            let bytes = Array(value.utf8)
            let expected = bytes.indices.contains { bytes[$0...].starts(with: piece.utf8) } || piece.isEmpty
            if expected { found += 1 }
            let matched = Filter.compare(path, .contains, .string(piece)).matches(["externalId": .string(value)])
            try #require(matched == expected, "seed \(seed): \(piece) in \(value)")
        }
        #expect((200..<1800).contains(found), "seed \(seed)")
    }

    @Test("a search through long text takes linear time", .timeLimit(.minutes(1)))
    func longText() throws {
        let path = try #require(AttributePath("externalId", for: .user, registry: .standard))
        let text = String(repeating: "a", count: 500_000)
        let piece = String(repeating: "a", count: 8000) + "b"
        let filter = Filter.compare(path, .contains, .string(piece))
        #expect(!filter.matches(["externalId": .string(text)]))
        #expect(filter.matches(["externalId": .string(text + "b")]))
    }
}
