// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Postgres
import SCIM
import Testing

@testable import Storage

@Suite("Filters in SQL", .serialized, .timeLimit(.minutes(3))) struct FilterTests {
    private static let sync = SchemaURN.sync

    /// jo: in the groups inner and, through it, outer; al: in outer; mo: in none.
    private struct People {
        let jo: StoredResource
        let al: StoredResource
        let mo: StoredResource
        let inner: StoredResource
        let outer: StoredResource

        static func make(_ fixture: StorageFixture) async throws -> People {
            let jo = ValidatedResource(
                type: .user,
                attributes: [
                    "userName": "Jo", "displayName": "Jo 100%_\\ Ünal", "active": true,
                    "name": ["familyName": "Doe", "givenName": "Jo"],
                    "emails": [
                        ["value": "Jo@Example.org", "type": "work", "primary": true],
                        ["value": "jo@home.example", "type": "home"],
                    ],
                    SchemaURN.enterpriseUser: ["department": "IT", "manager": ["value": "26118915"]],
                ], externalId: "EXT-1")
            let store = fixture.store
            let first = try await store.create(jo, context: testContext).resource()
            let al = try await store.create(user("al", displayName: "Al"), context: testContext).resource()
            let mo = try await store.create(user("mo", externalId: "ext-1"), context: context(client: "other"))
                .resource()
            let inner = try await fixture.createGroup("Inner", [first.id])
            let outer = try await fixture.createGroup("Outer", [inner.id, al.id])
            return People(jo: first, al: al, mo: mo, inner: inner, outer: outer)
        }

        func name(of id: ResourceID) -> String {
            [(jo, "jo"), (al, "al"), (mo, "mo"), (inner, "inner"), (outer, "outer")]
                .first { $0.0.id == id }?.1 ?? "?"
        }

        /// With ids and times in place of names in braces.
        func filled(_ text: String) -> String {
            var text = text
            for (name, resource) in [("jo", jo), ("al", al), ("mo", mo), ("inner", inner), ("outer", outer)] {
                text = text.replacing("{\(name)}", with: resource.id.description)
                text = text.replacing("{\(name).created}", with: resource.created.iso8601Milliseconds)
                text = text.replacing("{\(name).modified}", with: resource.modified.iso8601Milliseconds)
            }
            return text
        }
    }

    private static let userCases: [(String, Set<String>)] = [
        ("userName eq \"JO\"", ["jo"]),
        ("userName ne \"jo\"", ["al", "mo"]),
        ("title ne \"x\"", ["jo", "al", "mo"]),
        ("not (displayName sw \"j\")", ["al", "mo"]),
        ("displayName co \"100%\"", ["jo"]), ("displayName co \"1%%\"", []), ("displayName co \"0%_\"", ["jo"]),
        ("displayName co \"_\"", ["jo"]), ("displayName co \"\\\\ ü\"", ["jo"]), ("displayName ew \"ÜNAL\"", ["jo"]),
        ("displayName co \"%\"", ["jo"]), ("displayName sw \"%\"", []), ("displayName ew \"_\"", []),
        ("displayName co \"\\\\\"", ["jo"]), ("displayName co \"\"", ["jo", "al"]),
        ("id eq \"{jo}\"", ["jo"]), ("id eq \"none\"", []), ("id ne \"none\"", ["jo", "al", "mo"]),
        ("id eq \"{jo}\" or id eq \"{al}\" or id eq \"x\"", ["jo", "al"]), ("id co \"{mo}\"", ["mo"]),
        ("id ge \"{jo}\" and id le \"{jo}\"", ["jo"]), ("id sw \"zz\"", []), ("id pr", ["jo", "al", "mo"]),
        // Another client's externalId is not there.
        ("externalId eq \"EXT-1\"", ["jo"]), ("externalId eq \"ext-1\"", []), ("externalId pr", ["jo"]),
        ("externalId ne \"EXT-1\"", ["al", "mo"]), ("externalId sw \"EXT\"", ["jo"]),
        ("not (externalId pr)", ["al", "mo"]),
        ("emails.value eq \"jo@example.org\"", ["jo"]), ("emails eq \"JO@home.example\"", ["jo"]),
        ("emails[type eq \"work\" and value eq \"jo@example.org\"]", ["jo"]),
        ("emails[type eq \"home\" and value eq \"jo@example.org\"]", []),
        ("emails[type eq \"home\" and (value eq \"jo@example.org\" or value eq \"jo@HOME.example\")]", ["jo"]),
        ("emails[not (type eq \"work\")]", ["jo"]), ("not (emails[type eq \"work\"])", ["al", "mo"]),
        ("emails.value eq \"a\" or emails.value eq \"jo@example.org\"", ["jo"]),
        ("emails[primary eq true]", ["jo"]), ("emails[primary ne true]", ["jo"]), ("emails pr", ["jo"]),
        ("name.familyName eq \"doe\"", ["jo", "al", "mo"]),
        ("name[givenName eq \"jo\" and not (middleName pr)]", ["jo", "al", "mo"]),
        ("\(SchemaURN.enterpriseUser):department eq \"it\"", ["jo"]),
        ("\(SchemaURN.enterpriseUser):manager.value eq \"26118915\"", ["jo"]),
        ("\(SchemaURN.enterpriseUser):manager[not (displayName pr)]", ["jo"]),
        ("active eq true", ["jo"]), ("active ne true", ["al", "mo"]), ("active eq false", []),
        ("schemas eq \"\(SchemaURN.user)\"", ["jo", "al", "mo"]),
        ("schemas eq \"\(SchemaURN.enterpriseUser)\"", ["jo"]),
        ("schemas eq \"userName\"", []), ("schemas co \"enterprise\"", ["jo"]),
        ("schemas ne \"\(SchemaURN.enterpriseUser)\"", ["al", "mo"]),
        ("meta.resourceType eq \"User\"", ["jo", "al", "mo"]), ("meta.resourceType eq \"Group\"", []),
        ("meta.location eq \"\(testBaseURL)/Users/{jo}\"", ["jo"]),
        ("meta.location eq \"\(testBaseURL)/Groups/{jo}\"", []),
        ("meta.location ew \"{al}\"", ["al"]), ("meta.version eq \"W/\\\"1\\\"\"", ["jo", "al", "mo"]),
        ("meta.version ne \"W/\\\"1\\\"\"", []),
        ("meta[resourceType eq \"User\" and version co \"1\"]", ["jo", "al", "mo"]),
        ("groups.value eq \"{inner}\"", ["jo"]), ("groups.value eq \"{outer}\"", ["jo", "al"]),
        ("groups pr", ["jo", "al"]),
        ("not (groups pr)", ["mo"]), ("groups.display eq \"outer\"", ["jo", "al"]),
        ("groups.display co \"NNE\"", ["jo"]),
        ("groups.type eq \"indirect\"", ["jo"]), ("groups.type eq \"Direct\"", ["jo", "al"]),
        ("groups[value eq \"{outer}\" and type eq \"direct\"]", ["al"]),
        ("groups[value eq \"{outer}\" and type eq \"indirect\"]", ["jo"]),
        ("groups[type eq \"indirect\" or display eq \"inner\"]", ["jo"]),
        ("groups.$ref eq \"\(testBaseURL)/Groups/{inner}\"", ["jo"]),
        ("groups.$ref eq \"{inner}\"", []), ("groups.value ne \"{inner}\"", ["al", "mo"]),
        ("groups[not (value eq \"{inner}\")]", ["jo", "al"]),
    ]

    @Test("Users are found by everything they have")
    func users() async throws {
        try await StorageFixture.run { fixture in
            let people = try await People.make(fixture)
            for (text, expected) in Self.userCases {
                let page = try await fixture.list(filter: people.filled(text))
                #expect(Set(page.resources.map { people.name(of: $0.id) }) == expected, "\(text)")
                #expect(Int(page.total) == expected.count, "\(text)")
            }
        }
    }

    private static let groupCases: [(String, Set<String>)] = [
        ("displayName eq \"INNER\"", ["inner"]), ("members.value eq \"{jo}\"", ["inner"]),
        ("members eq \"{jo}\"", ["inner"]),
        ("members.value eq \"{inner}\"", ["outer"]), ("members[type eq \"user\" and value eq \"{al}\"]", ["outer"]),
        ("members[type eq \"Group\" and value eq \"{al}\"]", []), ("members.display eq \"inner\"", ["outer"]),
        ("members.display co \"ünal\"", ["inner"]), ("members.$ref eq \"\(testBaseURL)/Users/{jo}\"", ["inner"]),
        ("members.$ref eq \"\(testBaseURL)/Groups/{jo}\"", []), ("members.$ref ew \"{inner}\"", ["outer"]),
        ("members.value ne \"{jo}\"", ["outer"]), ("members.type eq \"Group\"", ["outer"]),
        ("members pr", ["inner", "outer"]),
        ("members.value eq \"not an id\"", []), ("userName pr", []), ("not (userName pr)", ["inner", "outer"]),
        ("meta.location co \"/Groups/\"", ["inner", "outer"]),
    ]

    @Test("Groups are found by everything they have")
    func groups() async throws {
        try await StorageFixture.run { fixture in
            let people = try await People.make(fixture)
            for (text, expected) in Self.groupCases {
                let page = try await fixture.list([.group], filter: people.filled(text))
                #expect(Set(page.resources.map { people.name(of: $0.id) }) == expected, "\(text)")
            }
        }
    }

    @Test("A member that has left is no member for filters either")
    func formerMember() async throws {
        try await StorageFixture.run { fixture in
            let people = try await People.make(fixture)
            _ = try await fixture.store.replace(
                .group, people.outer.id, with: group("Outer", members: []), context: testContext)
            #expect(try await fixture.list(filter: "groups.value eq \"\(people.outer.id)\"").total == 0)
            #expect(try await fixture.list([.group], filter: "members.value eq \"\(people.al.id)\"").total == 0)
            #expect(try await fixture.list(filter: "groups pr").total == 1)
        }
    }

    @Test("Who asks for what came later than a time it was shown does not get the same again")
    func shownTimes() async throws {
        try await StorageFixture.run { fixture in
            let shown = "2026-11-21T09:15:29.123Z"
            try await fixture.insertUsers(0..<1)
            try await fixture.connection.run(
                "UPDATE resource SET modified_at = '2026-11-21T09:15:29.123999Z', created_at = '1969-12-31T23:59:59.999001Z'"
            )
            let expected = [
                "gt": false, "ge": true, "lt": false, "le": true, "eq": true, "ne": false,
            ]
            for (comparison, isFound) in expected {
                let page = try await fixture.list(filter: "meta.lastModified \(comparison) \"\(shown)\"")
                #expect(page.total == (isFound ? 1 : 0), "\(comparison)")
            }
            for (filter, total) in [
                ("meta.lastModified gt \"2026-11-21T09:15:29.1225Z\"", 1),
                ("meta.lastModified lt \"2026-11-21T09:15:29.1235Z\"", 1),
                ("meta.lastModified eq \"2026-11-21T09:15:29.1235Z\"", 0),
                ("meta.lastModified ge \"2026-11-21T09:15:29.1235Z\"", 0),
                ("meta.lastModified eq \"2026-11-21T10:15:29.123+01:00\"", 1),
                ("meta.created eq \"1969-12-31T23:59:59.999Z\"", 1),
                ("meta.created gt \"1969-12-31T23:59:59.999Z\"", 0),
            ] {
                #expect(try await fixture.list(filter: filter).total == total, "\(filter)")
            }
        }
    }

    @Test("The sync status is found as it is shown")
    func syncStatus() async throws {
        try await StorageFixture.run { fixture in
            let failed = try await fixture.createUser("failed")
            let parked = try await fixture.createUser("parked")
            let waiting = try await fixture.createGroup("waiting")
            let synced = try await fixture.createUser("synced")
            let leased = try await fixture.createUser("leased")
            _ = try await fixture.createUser("pending")
            try await fixture.connection.run(
                """
                DELETE FROM job WHERE resource_id IN ('\(failed.id)', '\(parked.id)', '\(waiting.id)', '\(synced.id)');
                INSERT INTO sync_failure (resource_id, attribute, tenant, type, revision, job_id, failed_at, error)
                SELECT id, attribute, 'default', 'User', 1, gen_random_uuid(), now(), error FROM (VALUES
                    ('\(failed.id)'::uuid, '', '{"status": "409", "scimType": "uniqueness", "detail": "Taken"}'::jsonb),
                    ('\(parked.id)'::uuid, 'name.familyName', '{"detail": "too long"}'::jsonb)
                ) AS f(id, attribute, error);
                INSERT INTO waits_for (resource_id, target_id, tenant, type, since)
                VALUES ('\(waiting.id)', '\(failed.id)', 'default', 'Group', now())
                """)
            _ = try #require(try await fixture.lease(leased.id))
            let s = Self.sync
            for (filter, expected) in [
                ("\(s):status eq \"failed\"", ["failed"]), ("\(s):status eq \"partial\"", ["parked", "waiting"]),
                ("\(s):status eq \"pending\"", ["pending"]), ("\(s):status eq \"syncing\"", ["leased"]),
                ("\(s):status eq \"synced\"", ["synced"]), ("\(s):status sw \"s\"", ["leased", "synced"]),
                ("\(s):status eq \"Failed\"", []),
                ("\(s):status eq \"failed\" or \(s):status eq \"partial\"", ["failed", "parked", "waiting"]),
                (
                    "\(s):status ne \"pending\" and \(s):status ne \"syncing\"",
                    ["failed", "parked", "synced", "waiting"]
                ),
                ("\(s):pendingRevisions gt 0", ["leased", "pending"]),
                ("\(s):pendingRevisions eq 0", ["failed", "parked", "synced", "waiting"]),
                ("\(s):error.detail co \"take\"", ["failed"]), ("\(s):error pr", ["failed", "parked"]),
                ("\(s):error.status eq \"409\"", ["failed"]),
                ("\(s):parked.attribute eq \"name.familyName\"", ["parked"]),
                ("\(s):parked[reason co \"LONG\"]", ["parked"]),
                ("\(s):lastAttempt pr", ["leased"]),
                ("\(s):nextAttempt le \"2999-01-01T00:00:00Z\"", ["leased", "pending"]),
            ] {
                let page = try await fixture.list(ResourceType.allCases, filter: filter, withSyncStatus: true)
                #expect(try page.names.sorted() == expected, "\(filter)")
            }
        }
    }

    private static let texts = [
        "' OR true --", "'; DROP TABLE resource; --", "$1", "${1}", "\\", "\\'", "%", "_%", "\u{1}", "😀", "\u{FFFF}",
        "\"", "''", "a'||(SELECT 1)||'", String(repeating: "x", count: 4000), String(repeating: "ẞ", count: 1000), "{}",
        "[\"a\"]", "NULL",
    ]

    @Test("Whatever a literal looks like, it is a literal")
    func injection() async throws {
        try await StorageFixture.run { fixture in
            try await fixture.insertUsers(0..<3, attributes: #"'{"displayName": "x", "emails": [{"value": "x"}]}'"#)
            for (number, text) in Self.texts.enumerated() {
                let name = "jo\(number)"
                let attributes: JSONObject = [
                    "userName": .string(name), "displayName": .string(text), "nickName": .string(text),
                    "emails": [["value": .string(text)]],
                ]
                let externalId = text.utf8.count < 2000 ? text : nil
                let resource = ValidatedResource(type: .user, attributes: attributes, externalId: externalId)
                _ = try await fixture.store.create(resource, context: testContext).resource()
                let literal = JSONValue.string(text).text
                for path in ["displayName", "nickName", "emails.value", "emails"] {
                    for comparison in ["eq", "co", "sw", "ew", "ge", "le"] {
                        let filter = "\(path) \(comparison) \(literal) and userName eq \"\(name)\""
                        #expect(try await fixture.list(filter: filter).total == 1, "\(filter)")
                    }
                    #expect(try await fixture.list(filter: "\(path) eq \(literal)").total == 1, "\(path) \(text)")
                    let greater = "\(path) gt \(literal) and userName eq \"\(name)\""
                    #expect(try await fixture.list(filter: greater).total == 0, "\(path) \(text)")
                }
                for path in ["id", "meta.location", "meta.version", "schemas", "title"] {
                    #expect(try await fixture.list(filter: "\(path) eq \(literal)").total == 0)
                }
                if externalId != nil {
                    #expect(try await fixture.list(filter: "externalId eq \(literal)").total == 1)
                }
            }
            #expect(try await fixture.number("SELECT count(*) FROM resource") == 3 + Self.texts.count)
        }
    }

    @Test("Names of attributes are quoted whatever a schema calls them")
    func attributeNames() async throws {
        let name = "o'brien\" \\ %"
        let attribute = SchemaAttribute(name, "odd", subAttributes: [])
        let urn = "urn:x:'; DROP TABLE resource; --"
        try await StorageFixture.run { fixture in
            let value: JSONObject = [name: "x"]
            _ = try await fixture.connection.execute(
                PostgresStatement(
                    unnamed: """
                        INSERT INTO resource (tenant, type, id, revision, "order", created_at, modified_at, attributes)
                        VALUES ('default', 'User', gen_random_uuid(), 1, 1, now(), now(), $1::jsonb)
                        """), [.json(JSONObject(uniqueMembers: [(urn, .object(value)), (name, "x")]).serialize())])
            for path in [AttributePath(attribute: attribute), AttributePath(extensionURN: urn, attribute: attribute)] {
                #expect(try await fixture.ids(.user, .compare(path, .equal, .string("X"))).count == 1)
                #expect(try await fixture.ids(.user, .present(path)).count == 1)
            }
        }
    }

    @Test("Long texts are compared to their end, although keys of indexes are cut off")
    func longTexts() async throws {
        try await StorageFixture.run { fixture in
            let stem = String(repeating: "ä", count: 255)
            let names = [stem, stem + "a", stem + "aa", stem + "ab", stem + "b"]
            for (number, name) in names.enumerated() {
                let attributes: JSONObject = [
                    "userName": .string("u\(number)"), "displayName": .string(name.uppercased()),
                ]
                _ = try await fixture.store.create(
                    ValidatedResource(type: .user, attributes: attributes), context: testContext
                ).resource()
            }
            for name in names {
                for (comparison, expected) in [
                    ("eq", names.filter { $0 == name }), ("sw", names.filter { $0.hasPrefix(name) }),
                    ("gt", names.filter { $0 > name }), ("ge", names.filter { $0 >= name }),
                    ("lt", names.filter { $0 < name }), ("le", names.filter { $0 <= name }),
                    ("co", names.filter { $0.contains(name) }), ("ew", names.filter { $0.hasSuffix(name) }),
                ] {
                    let page = try await fixture.list(filter: "displayName \(comparison) \"\(name)\"")
                    #expect(page.total == Int64(expected.count), "\(comparison) \(name.count)")
                }
            }
        }
    }

    @Test("A chain of two thousand terms is one look at an index")
    func longChain() async throws {
        try await StorageFixture.run { fixture in
            try await fixture.insertUsers(0..<50)
            let ids = try await fixture.list(count: 50).resources.map(\.id)
            let idAttribute = try #require(SchemaRegistry.standard.attribute("id", of: .user))
            let userName = try #require(SchemaRegistry.standard.attribute("userName", of: .user))
            let title = try #require(SchemaRegistry.standard.attribute("title", of: .user))
            func chain(_ attribute: SchemaAttribute, _ comparison: Filter.Comparison, _ texts: [String]) -> Filter {
                .or(texts.map { .compare(AttributePath(attribute: attribute), comparison, .string($0)) })
            }
            let unknown = (0..<2000).map { _ in ResourceID.random().description }
            #expect(
                try await fixture.ids(.user, chain(idAttribute, .equal, unknown + ids.map(\.description))) == Set(ids))
            let names = (0..<2000).map { "USER\($0 + 25)" }
            #expect(try await fixture.ids(.user, chain(userName, .equal, names)).count == 25)
            #expect(try await fixture.ids(.user, .not(chain(userName, .equal, names))).count == 25)
            #expect(try await fixture.ids(.user, chain(title, .contains, names)).isEmpty)
            let ends = Filter.and(
                names.map { .not(.compare(AttributePath(attribute: userName), .endsWith, .string($0))) })
            #expect(try await fixture.ids(.user, ends).count == 25)
        }
    }

    @Test("Filters may be nested as deep as the parser lets them")
    func deepNesting() async throws {
        try await StorageFixture.run { fixture in
            try await fixture.insertUsers(0..<2)
            let depth = Filter.maximumDepth
            let nots =
                String(repeating: "not (", count: depth) + "userName eq \"user0\""
                + String(repeating: ")", count: depth)
            #expect(try await fixture.list(filter: nots).total == 1)
            var mixed = "userName eq \"user0\""
            for level in 0..<depth { mixed = "(\(mixed)) \(level % 2 == 0 ? "and" : "or") emails[type eq \"work\"]" }
            #expect(try await fixture.list(filter: mixed).total == 0)
        }
    }

    @Test("folded() of the database and FoldedCase agree on every letter")
    func foldedCase() async throws {
        try await StorageFixture.run { fixture in
            var wrong: [String] = []
            for start in stride(from: UInt32(1), to: 0x11_0000, by: 0x1000) {
                let scalars = (start..<start + 0x1000).compactMap { Unicode.Scalar($0) }
                // What Unicode got lately, one of the two may not know.
                let known = scalars.filter { ($0.properties.age?.major ?? 99) <= 14 }
                let result = try await fixture.connection.execute(
                    PostgresStatement(
                        unnamed:
                            "SELECT array_agg(folded(x) ORDER BY n) FROM unnest($1::text[]) WITH ORDINALITY u(x, n)"),
                    [.textArray(known.map { String($0) })])
                guard !known.isEmpty else { continue }
                for (scalar, folded) in zip(known, try result[0].textArray(0))
                where !FoldedCase.fold(String(scalar)).utf8.elementsEqual(folded.utf8) {
                    wrong.append("\(scalar) U+\(String(scalar.value, radix: 16)) \(folded)")
                }
            }
            #expect(wrong.isEmpty, "\(wrong.prefix(20))")
        }
    }

    @Test("Stored dates are read as Timestamp reads them")
    func instants() async throws {
        let texts = [
            "2026-11-21T09:15:29Z", "2026-11-21T09:15:29", "2026-11-21T10:15:29.9+01:00",
            "2026-11-21T00:00:00.123456789-14:00",
            "0001-01-01T00:00:00+14:00", "9999-12-31T24:00:00Z", "2024-02-29T12:00:00Z", "1969-12-31T23:59:59.999999Z",
            "", "x",
            "2026-13-01T00:00:00Z", "2026-11-21", "2026-11-21T09:15:60Z", "0000-01-01T00:00:00Z",
            "12026-01-01T00:00:00Z",
            "2026-11-21T09:15:29+15:00", " 2026-11-21T09:15:29Z", "２026-11-21T09:15:29Z",
        ]
        try await StorageFixture.run { fixture in
            for text in texts {
                let result = try await fixture.connection.execute(
                    PostgresStatement(unnamed: "SELECT instant($1::text)"), [.text(text)])
                #expect(try result[0].optionalTime(0) == Timestamp(iso8601: text), "\(text)")
            }
        }
    }
}
