// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import SCIM
import Testing

@testable import API

/// What RFC 7644 demands of requests and answers; `docs/scim-conformance.md` has the whole list.
extension OverHTTP {
    @Suite struct ProtocolConformanceTests {
        // MARK: Section 3.4.2, queries

        static let filters: [(String, [String])] = [
            (#"userName eq "ALMA""#, ["alma"]), (#"userName ne "alma""#, ["bela", "cara"]),
            (#"userName co "L""#, ["alma", "bela"]), (#"userName sw "c""#, ["cara"]), (#"userName ew "LA""#, ["bela"]),
            (#"userName gt "alma""#, ["bela", "cara"]), (#"userName ge "bela""#, ["bela", "cara"]),
            (#"userName lt "bela""#, ["alma"]), (#"userName le "bela""#, ["alma", "bela"]),
            ("title pr", ["alma", "bela"]),
            (#"USERNAME EQ "alma" OR username Eq "cara""#, ["alma", "cara"]),
            (#"title eq "a" or title eq "b" and userName eq "cara""#, ["alma"]),
            (#"(title eq "a" or title eq "b") and userName eq "bela""#, ["bela"]),
            (#"not (title eq "a") and active eq true"#, ["bela"]), ("active eq false", ["cara"]),
            ("active ne true", ["cara"]),
            ("title eq null", ["cara"]), (#"emails co "work""#, []), (#"emails co "@b.example""#, ["bela"]),
            (#"emails[type eq "work" and value ew "a.example"]"#, ["alma"]), (#"emails[type eq "home"]"#, ["bela"]),
            (#"emails.type eq "WORK""#, ["alma"]), (#"emails pr and not (emails[type eq "work"])"#, ["bela"]),
            (#"urn:ietf:params:scim:schemas:core:2.0:User:name.familyName eq "doe""#, ["alma", "bela", "cara"]),
            (#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department sw "S""#, ["cara"]),
            (#"schemas eq "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User""#, ["cara"]),
            (
                #"meta.resourceType eq "User" and meta.created gt "2020-01-01T00:00:00+02:00""#,
                ["alma", "bela", "cara"]
            ),
            (#"meta.lastModified lt "2020-01-01T00:00:00Z""#, []), (#"nothing.like pr"#, []),
            (#"externalId eq "X""#, ["alma"]), (#"externalId eq "x""#, []),
        ]

        @Test("Every operator, in any case, with the case rules, the precedence and the value paths of section 3.4.2.2")
        func filterOperators() async throws {
            try await withAPI { api in
                for (name, more) in [
                    ("alma", ["title": "a", "externalId": "X", "emails": [["value": "a@a.example", "type": "work"]]]),
                    ("bela", ["title": "b", "emails": [["value": "b@b.example", "type": "home"]]]),
                    ("cara", ["active": false, SchemaURN.enterpriseUser: ["department": "Sales"]]),
                ] as [(String, JSONObject)] {
                    try await api.post("/Users", Samples.user(name, more)).expect(201)
                }
                for (filter, names) in Self.filters {
                    let list = try await api.search("/Users", ["filter": .string(filter), "sortBy": "userName"])
                    list.expect(200)
                    #expect(list.userNames == names, "\(filter)")
                    #expect(list.json["totalResults"]?.integerValue == Int64(names.count), "\(filter)")
                }
            }
        }

        @Test(
            "What is no filter, and an order that has no meaning, is invalidFilter",
            arguments: [
                "", "userName", "userName eq", #"userName is "x""#, #"userName eq "x" and"#, #"(userName eq "x""#,
                #"userName eq x"#, #"emails[type eq "work""#, #"active gt true"#, #"x509Certificates.value lt "a""#,
                #"active eq "perhaps""#, #"meta.created gt "yesterday""#, #"not userName pr"#,
            ])
        func brokenFilter(filter: String) async throws {
            try await withAPI { api in
                try await api.search("/Users", ["filter": .string(filter)])
                    .expect(400, scimType: "invalidFilter", naming: "byte")
            }
        }

        @Test("Of several values the primary one is sorted by, or else the first; who has none comes last, or first")
        func sortingByAPrimaryValue() async throws {
            try await withAPI { api in
                for (name, emails) in [
                    ("alma", [["value": "z@x.example"], ["value": "a@x.example", "primary": true]]),
                    ("bela", [["value": "M@x.example"], ["value": "b@x.example"]]), ("cara", []),
                    ("dora", [["value": "k@x.example"]]),
                ] as [(String, JSONValue)] {
                    try await api.post("/Users", Samples.user(name, ["emails": emails])).expect(201)
                }
                for sortBy in ["emails", "emails.value", "EMAILS.VALUE"] {
                    let up = try await api.search("/Users", ["sortBy": .string(sortBy)])
                    #expect(up.userNames == ["alma", "dora", "bela", "cara"], "\(sortBy)")
                    let down = try await api.search("/Users", ["sortBy": .string(sortBy), "sortOrder": "descending"])
                    #expect(down.userNames == ["cara", "bela", "dora", "alma"], "\(sortBy)")
                }
                let byAnotherType = try await api.get("/Users?sortBy=members&sortOrder=ascending")
                #expect(byAnotherType.resourceIDs.count == 4, "an attribute that users do not have sorts nothing")
            }
        }

        @Test(
            "Exactly what attributes names, and what is always returned; excludedAttributes takes away from the default"
        )
        func attributes() async throws {
            try await withAPI { api in
                let created = try await api.post(
                    "/Users", Samples.user(Samples.name(), ["title": "x", "nickName": "y"]))
                let path = "/Users/\(created.id)"
                func keys(_ query: String) async throws -> Set<String> {
                    Set(try await api.get("\(path)?\(query)").json.keys)
                }
                #expect(try await keys("attributes=title") == ["schemas", "id", "title"])
                #expect(try await keys("attributes=TITLE,%20name.givenName") == ["schemas", "id", "title", "name"])
                #expect(
                    try await keys("attributes=\(SchemaURN.user):title&attributes=nickName") == [
                        "schemas", "id", "title", "nickName",
                    ])
                #expect(try await keys("attributes=nothing") == ["schemas", "id"])
                let rest = Set(created.json.keys)
                #expect(try await keys("excludedAttributes=title,id,schemas") == rest.subtracting(["title"]))
                #expect(try await api.get("\(path)?attributes=name.givenName").json["name"] == ["givenName": "Jo"])
            }
        }

        // MARK: Section 3.5, changes

        @Test("PUT creates nothing, needs what is required, and answers with the whole resource")
        func replace() async throws {
            try await withAPI { api in
                let nobody = LowercaseUUID.random().description
                try await api.put("/Users/\(nobody)", Samples.user(Samples.name())).expect(404)
                #expect(try await api.get("/Users").json["totalResults"] == 0)
                let name = Samples.name()
                let created = try await api.post("/Users", Samples.user(name, ["password": "correct horse"]))
                var lacking = Samples.user(name)
                lacking["userName"] = nil
                try await api.put("/Users/\(created.id)", lacking).expect(
                    400, scimType: "invalidValue", naming: "userName")
                let replaced = try await api.put("/Users/\(created.id)", Samples.user(name, ["title": "x"]))
                replaced.expect(200)
                #expect(replaced.json == (try await api.get("/Users/\(created.id)").json))
            }
        }

        @Test("PATCH: the answer is 200 with the resource, or with the attributes that are asked for")
        func patchAnswer() async throws {
            try await withAPI { api in
                let id = try await api.post("/Users", Samples.user(Samples.name())).id
                let operation: JSONValue = ["op": "add", "value": ["title": "x", "nickName": "y"]]
                let patched = try await api.patch("/Users/\(id)", [operation])
                patched.expect(200)
                #expect(patched.json == (try await api.get("/Users/\(id)").json))
                let chosen = try await api.patch("/Users/\(id)?attributes=nickName", [operation])
                #expect(chosen.status == 200 && Set(chosen.json.keys) == ["schemas", "id", "nickName"])
            }
        }

        @Test("PATCH of a group of more than 1,000 members is 204 with the ETag, unless attributes are asked for")
        func patchOfALargeGroup() async throws {
            try await withAPI { api in
                let creates: [JSONValue] = (0..<1000).map { number in
                    [
                        "method": "POST", "path": "/Users", "bulkId": .string("\(number)"),
                        "data": .object(Samples.user("large-\(number)")),
                    ]
                }
                let created = try await api.bulk(creates).json["Operations"]?.arrayValue ?? []
                let users = created.compactMap { $0["location"]?.stringValue.map { String($0.suffix(36)) } }
                try #require(users.count == 1000)
                let one = try await api.post("/Users", Samples.user("one-more")).id
                let path = "/Groups/\(try await api.post("/Groups", Samples.group("large", members: users)).id)"
                let addition: JSONValue = ["op": "add", "path": "members", "value": [["value": .string(one)]]]
                let whole = try await api.patch(path, [["op": "add", "path": "externalId", "value": "x"]])
                #expect(whole.status == 200 && whole.json["members"]?.arrayValue?.count == 1000)
                let large = try await api.patch(path, [addition])
                large.expect(204)
                #expect(large.body.isEmpty && large.etag == #"W/"3""#)
                let chosen = try await api.patch(
                    "\(path)?attributes=displayName", [["op": "replace", "path": "displayName", "value": "larger"]])
                #expect(chosen.status == 200 && Set(chosen.json.keys) == ["schemas", "id", "displayName"])
                #expect(try await api.get(path).json["members"]?.arrayValue?.count == 1001)
            }
        }

        @Test("PATCH: adding what is there changes nothing, not even lastModified")
        func patchOfNothing() async throws {
            try await withAPI { api in
                let sent: JSONObject = ["title": "x", "emails": [["value": "a@b.example", "type": "work"]]]
                let created = try await api.post("/Users", Samples.user(Samples.name(), sent))
                let patched = try await api.patch(
                    "/Users/\(created.id)",
                    [
                        ["op": "add", "path": "title", "value": "x"],
                        ["op": "add", "path": "emails", "value": [["value": "a@b.example", "type": "work"]]],
                        ["op": "remove", "path": "nickName"],
                    ])
                #expect(patched.status == 200 && patched.json == created.json)
            }
        }

        @Test("PATCH: a new primary value takes over from the old one")
        func patchOfPrimary() async throws {
            try await withAPI { api in
                let emails: JSONValue = [
                    ["value": "a@b.example", "type": "work", "primary": true],
                    ["value": "h@b.example", "type": "home"],
                ]
                let id = try await api.post("/Users", Samples.user(Samples.name(), ["emails": emails])).id
                let patched = try await api.patch(
                    "/Users/\(id)", [["op": "replace", "path": #"emails[type eq "home"].primary"#, "value": true]])
                let primary = patched.json["emails"]?.arrayValue?.filter { $0["primary"] == true } ?? []
                #expect(primary.compactMap { $0["value"]?.stringValue } == ["h@b.example"])
            }
        }

        @Test(
            "PATCH: Replace of what has no value is an Add; what is required cannot be removed, what is readOnly not written"
        )
        func patchOfAttributes() async throws {
            try await withAPI { api in
                let id = try await api.post("/Users", Samples.user(Samples.name())).id
                let replaced = try await api.patch(
                    "/Users/\(id)",
                    [
                        ["op": "replace", "path": "nickName", "value": "J"],
                        ["op": "replace", "path": "name.middleName", "value": "M"],
                    ])
                #expect(replaced.json["nickName"] == "J" && replaced.json["name"]?["middleName"] == "M")
                for path in ["userName", "name", "name.familyName", "id", "meta", "meta.version", "groups", "schemas"] {
                    try await api.patch("/Users/\(id)", [["op": "remove", "path": .string(path)]])
                        .expect(400, scimType: "mutability", naming: path)
                }
            }
        }

        // MARK: Section 3.6, DELETE

        @Test("What is deleted is 404 for every method, in no list, and its name is free")
        func deleted() async throws {
            try await withAPI { api in
                let name = Samples.name()
                let deleted = try await api.post("/Users", Samples.user(name, ["externalId": "x"]))
                let path = "/Users/\(deleted.id)"
                let answer = try await api.delete(path)
                answer.expect(204)
                #expect(answer.body.isEmpty && answer.header("Content-Type") == nil)
                try await api.get(path).expect(404)
                try await api.put(path, Samples.user(name)).expect(404)
                try await api.patch(path, [["op": "add", "path": "title", "value": "x"]]).expect(404)
                try await api.delete(path).expect(404)
                #expect(try await api.get("/Users").json["totalResults"] == 0)
                #expect(try await api.search("/Users", ["filter": #"externalId eq "x""#]).json["totalResults"] == 0)
                try await api.post("/Users", Samples.user(name)).expect(201)
            }
        }

        // MARK: Sections 3.8 and 3.12, representation and errors

        @Test(
            "Every error is a SCIM error with its status as a string, whatever was asked for",
            arguments: [
                ("GET", "/Users/x", 404), ("GET", "/Nothing", 404), ("POST", "/Users", 400), ("PATCH", "/Users", 405),
                ("DELETE", "/ServiceProviderConfig", 405), ("GET", "/Schemas?filter=id%20pr", 403),
                ("POST", "/Bulk", 400),
                ("POST", "/.search", 400), ("GET", "/Bulk", 405), ("POST", "/Me", 405),
            ])
        func errors(method: String, path: String, status: Int) async throws {
            try await withAPI { api in
                let body = method == "GET" || method == "DELETE" ? nil : Array("{}".utf8)
                let answer = try await api.send(method, path, body: body)
                #expect(answer.status == status)
                #expect(answer.json["schemas"] == [.string(SchemaURN.error)])
                #expect(answer.json["status"] == .string(String(status)))
                #expect(answer.json["detail"]?.stringValue?.isEmpty == false)
                #expect(status != 405 || answer.header("Allow")?.isEmpty == false)
            }
        }

        @Test("A version that is not current is 412 for every change, and nothing is changed")
        func preconditions() async throws {
            try await withAPI { api in
                let created = try await api.post("/Users", Samples.user(Samples.name()))
                let path = "/Users/\(created.id)"
                let stale = [("If-Match", #"W/"7""#)]
                try await api.put(path, Samples.user(Samples.name()), headers: stale).expect(412)
                try await api.patch(path, [["op": "add", "path": "title", "value": "x"]], headers: stale).expect(412)
                try await api.delete(path, headers: stale).expect(412)
                let read = try await api.get(path)
                #expect(read.json == created.json && read.etag == created.etag)
                #expect(try await api.get(path, headers: [("If-None-Match", created.etag)]).status == 304)
            }
        }

        // MARK: RFC 9865, cursors

        @Test("Cursors meet every resource once, whatever comes and goes meanwhile, and end without a next one")
        func cursors() async throws {
            try await withAPI { api in
                var names: Set<String> = []
                for number in 0..<11 {
                    let name = "stay-\(number)"
                    names.insert(name)
                    try await api.post("/Users", Samples.user(name)).expect(201)
                }
                var seen: [String] = []
                var parameters: JSONObject = [
                    "cursor": "", "count": 3, "sortBy": "userName", "filter": #"userName sw "s""#,
                ]
                for page in 0..<20 {
                    let list = try await api.search("/Users", parameters)
                    list.expect(200)
                    #expect(list.resourceIDs.count <= 3 && list.json["totalResults"]?.integerValue != nil)
                    #expect(page > 0 || list.json["previousCursor"] == nil)
                    seen += list.userNames
                    guard let next = list.json["nextCursor"] else { break }
                    let text = try #require(next.stringValue)
                    #expect(text.wholeMatch(of: /[A-Za-z0-9._~-]+/) != nil, "unreserved characters only")
                    parameters["cursor"] = next
                    // Before and behind the place where the next page begins; one that was seen goes.
                    for name in ["s-\(page)", "stay-x\(page)"] {
                        try await api.post("/Users", Samples.user(name)).expect(201)
                    }
                    if page == 0, let first = list.resourceIDs.first {
                        try await api.delete("/Users/\(first)").expect(204)
                    }
                }
                #expect(Set(seen).count == seen.count)
                #expect(Set(seen).isSuperset(of: names))
            }
        }

        @Test("Every page needs the token, and a cursor is good for one client and one query")
        func guardedCursors() async throws {
            try await withAPI { api in
                for _ in 0..<3 { try await api.post("/Users", Samples.user(Samples.name())).expect(201) }
                let first = try await api.get("/Users?cursor=&count=1")
                let next = try #require(first.json["nextCursor"]?.stringValue)
                let path = "/Users?count=1&cursor=\(next)"
                try await api.get(path).expect(200)
                try await api.get(path, token: nil).expect(401)
                try await api.get(path, token: .otherClient).expect(400, scimType: "invalidCursor")
                try await api.get(path, token: .otherTenant).expect(400, scimType: "invalidCursor")
                try await api.get("\(path)&filter=title%20pr").expect(400, scimType: "invalidCursor")
                try await api.get("/Groups?count=1&cursor=\(next)").expect(400, scimType: "invalidCursor")
                try await api.get("/Users?cursor=\(next.dropLast())x&count=1").expect(400, scimType: "invalidCursor")
                try await api.get("/Users?cursor=&count=x").expect(400, scimType: "invalidCount")
                #expect(try await api.get("/Users?cursor=&count=-1").resourceIDs == [])
            }
        }
    }
}

extension Answer {
    fileprivate var userNames: [String] {
        (json["Resources"]?.arrayValue ?? []).compactMap { $0["userName"]?.stringValue }
    }
}
