// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import SCIM
import Testing

@testable import API

extension OverHTTP {
    @Suite struct SearchTests {
        private func query(_ parameters: [(String, String)]) -> String {
            parameters.map { name, value in
                let bytes = value.utf8.map { byte in
                    let isPlain =
                        byte < 0x80
                        && (Character(UnicodeScalar(byte)).isLetter || Character(UnicodeScalar(byte)).isNumber)
                    return isPlain ? String(UnicodeScalar(byte)) : "%\(byte < 16 ? "0" : "")\(String(byte, radix: 16))"
                }
                return "\(name)=\(bytes.joined())"
            }.joined(separator: "&")
        }

        private func users(_ api: TestAPI, _ filter: String) async throws -> [String] {
            let list = try await api.get("/Users?\(query([("filter", filter), ("sortBy", "userName")]))")
            list.expect(200)
            return (list.json["Resources"]?.arrayValue ?? []).compactMap { $0["userName"]?.stringValue }
        }

        private func withSamples(_ body: @escaping @Sendable (TestAPI) async throws -> Void) async throws {
            try await withAPI { api in
                for (name, more) in [
                    (
                        "anna",
                        ["title": "Boss", "emails": [["value": "Anna@a.example", "type": "work"]], "active": true]
                    ),
                    ("Bert", ["emails": [["value": "b@b.example", "type": "home"]], "externalId": "E-1"]),
                    ("carl", ["title": "clerk", "active": false]),
                    ("Dora", ["title": "100%_\\", SchemaURN.enterpriseUser: ["department": "Sales"]]),
                ] as [(String, JSONObject)] {
                    try await api.post("/Users", Samples.user(name, more)).expect(201)
                }
                try await body(api)
            }
        }

        @Test("Filters reach the database as they were meant")
        func filters() async throws {
            try await withSamples { api in
                for (filter, names) in [
                    (#"userName eq "ANNA""#, ["anna"]),
                    (#"userName sw "b" or title pr"#, ["anna", "Bert", "carl", "Dora"]),
                    (#"emails[type eq "work" and value co "@A.ex"]"#, ["anna"]),
                    (#"emails.value eq "b@b.example""#, ["Bert"]),
                    (#"emails[type eq "work"].value eq "anna@a.example""#, ["anna"]),
                    ("active eq false", ["carl"]), (#"externalId eq "E-1""#, ["Bert"]), (#"externalId eq "e-1""#, []),
                    (#"not (title pr)"#, ["Bert"]), (#"title co "%_""#, ["Dora"]), (#"title eq "100%_\\""#, ["Dora"]),
                    (#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "sales""#, ["Dora"]),
                    (#"meta.created gt "2020-01-01T00:00:00Z" and nickName ne "x""#, ["anna", "Bert", "carl", "Dora"]),
                    (#"unknown eq "x""#, []), ("title ne \"boss\" and active eq \"True\"", ["Bert", "Dora"]),
                    (#"\#(SchemaURN.sync):status eq "pending""#, ["anna", "Bert", "carl", "Dora"]),
                    (#"userName eq "x' OR '1'='1""#, []),
                ] as [(String, [String])] {
                    let found = try await users(api, filter)
                    #expect(found == names, "\(filter)")
                }
            }
        }

        @Test("Sorted by an attribute, missing values last; descending the other way round")
        func sorting() async throws {
            try await withSamples { api in
                for (query, expected) in [
                    ("sortBy=userName", ["anna", "Bert", "carl", "Dora"]),
                    ("sortBy=userName&sortOrder=descending&startIndex=2&count=2", ["carl", "Bert"]),
                    ("sortBy=title", ["Dora", "anna", "carl", "Bert"]),
                    ("sortBy=title&sortOrder=Descending", ["Bert", "carl", "anna", "Dora"]),
                    ("sortBy=emails&count=2", ["anna", "Bert"]),
                ] {
                    let list = try await api.get("/Users?\(query)")
                    list.expect(200)
                    let names = (list.json["Resources"]?.arrayValue ?? []).compactMap { $0["userName"]?.stringValue }
                    #expect(names == expected, "\(query)")
                }
            }
        }

        @Test("RFC 9865: cursors lead through the whole list, and are good for one query of one client only")
        func cursors() async throws {
            try await withSamples { api in
                var cursor = ""
                var seen: [String] = []
                for page in 0..<3 {
                    let list = try await api.get("/Users?sortBy=userName&count=2&cursor=\(cursor)")
                    list.expect(200)
                    #expect(list.json["startIndex"] == nil && list.json["totalResults"] == 4)
                    seen += (list.json["Resources"]?.arrayValue ?? []).compactMap { $0["userName"]?.stringValue }
                    guard let next = list.json["nextCursor"]?.stringValue else {
                        #expect(page == 1)
                        break
                    }
                    #expect(next.utf8.allSatisfy { $0 < 0x80 && !"%&=+/ ".utf8.contains($0) })
                    cursor = next
                    for (query, token) in [
                        ("sortBy=userName", TestToken.otherClient), ("sortBy=title", .client), ("", .client),
                        ("sortBy=userName&sortOrder=descending", .client),
                        ("sortBy=userName&filter=title%20pr", .client),
                    ] {
                        try await api.get("/Users?\(query)&count=2&cursor=\(cursor)", token: token)
                            .expect(400, scimType: "invalidCursor")
                    }
                    try await api.get("/Users?sortBy=userName&count=2&cursor=A\(cursor)")
                        .expect(400, scimType: "invalidCursor")
                }
                #expect(seen == ["anna", "Bert", "carl", "Dora"])
                let pagination = try await api.get("/ServiceProviderConfig").json["pagination"]
                #expect(pagination?["cursor"] == true && pagination?["cursorTimeout"] == 3600)
            }
        }

        @Test("Who does not say where to begin gets the first page, and may go on by cursor")
        func offeredCursor() async throws {
            try await withSamples { api in
                for sort in ["", "&sortBy=title", "&sortBy=userName&sortOrder=descending", "&filter=userName%20pr"] {
                    let first = try await api.get("/Users?count=3\(sort)")
                    #expect(first.json["startIndex"] == 1 && first.json["itemsPerPage"] == 3)
                    #expect(first.json["totalResults"] == 4 && first.resourceIDs.count == 3)
                    let next = try #require(first.json["nextCursor"]?.stringValue)
                    let second = try await api.get("/Users?count=3\(sort)&cursor=\(next)")
                    #expect(second.json["nextCursor"] == nil && second.json["startIndex"] == nil)
                    #expect(Set(first.resourceIDs + second.resourceIDs).count == 4)
                }
                for query in ["count=4", "", "count=3&startIndex=1", "count=2&startIndex=2", "count=0"] {
                    let list = try await api.get("/Users?\(query)")
                    #expect(list.json["nextCursor"] == nil && list.json["startIndex"] != nil, "\(query)")
                }
                let empty = try await api.get("/Users?filter=&count=&startIndex=")
                #expect(empty.json["totalResults"] == 4 && empty.resourceIDs.count == 4)
                let message: JSONObject = ["schemas": [.string(SchemaURN.searchRequest)], "count": 1]
                #expect(try await api.post("/.search", message).json["nextCursor"] != nil)
            }
        }

        @Test("POST .search is the same query with the parameters in the body")
        func search() async throws {
            try await withSamples { api in
                let request: JSONObject = [
                    "schemas": [.string(SchemaURN.searchRequest)], "attributes": ["userName", "title"],
                    "filter": "title pr", "sortBy": "userName", "sortOrder": "descending", "startIndex": 1, "count": 2,
                ]
                let list = try await api.post("/Users/.search", request, token: .reader)
                list.expect(200)
                #expect(list.json["totalResults"] == 3 && list.json["itemsPerPage"] == 2)
                let first = list.json["Resources"]?[0]
                #expect(first?["userName"] == "Dora")
                #expect(Set(first?.objectValue?.keys ?? []) == ["schemas", "id", "userName", "title"])
                try await api.post("/Users/.search", ["schemas": [.string(SchemaURN.user)]])
                    .expect(400, scimType: "invalidSyntax", naming: "schemas")
                var texts = request
                texts["startIndex"] = "2"
                texts["count"] = "1"
                texts["attributes"] = "userName,title"
                let page = try await api.post("/Users/.search", texts)
                page.expect(200)
                #expect(page.json["startIndex"] == 2 && page.resourceIDs.count == 1)
                for wrong in ["two", "", "1.5"] as [JSONValue] {
                    texts["count"] = wrong
                    try await api.post("/Users/.search", texts).expect(400, scimType: "invalidValue", naming: "count")
                }
                try await api.post("/Users/.search", request, token: .writer).expect(403)
            }
        }

        @Test("The root, and /.search, look through all types")
        func root() async throws {
            try await withSamples { api in
                let user = try #require(try await api.get("/Users").resourceIDs.first)
                let group = try await api.post("/Groups", Samples.group("anna-group", members: [user])).id
                let all = try await api.get("?count=10")
                #expect(all.json["totalResults"] == 5)
                let list = try await api.get(
                    "/?\(query([("filter", #"userName eq "carl" or displayName sw "ANNA""#)]))")
                list.expect(200)
                #expect(list.json["totalResults"] == 2)
                let types = (list.json["Resources"]?.arrayValue ?? []).compactMap {
                    $0["meta"]?["resourceType"]?.stringValue
                }
                #expect(Set(types) == ["User", "Group"])
                let request: JSONObject = [
                    "schemas": [.string(SchemaURN.searchRequest)], "filter": #"meta.resourceType eq "Group""#,
                ]
                let groups = try await api.post("/.search", request)
                #expect(groups.resourceIDs == [group])
                #expect(groups.json["Resources"]?[0]?["members"]?[0]?["value"] == .string(user))
                try await api.post("/.search", request, token: nil).expect(401)
            }
        }

        @Test("Members and groups can be filtered by")
        func membership() async throws {
            try await withSamples { api in
                let user = try #require(try await api.get("/Users?sortBy=userName").resourceIDs.first)
                let inner = try await api.post("/Groups", Samples.group("inner", members: [user])).id
                let outer = try await api.post("/Groups", Samples.group("outer", members: [inner])).id
                let groups = try await api.get("/Groups?\(query([("filter", "members.value eq \"\(user)\"")]))")
                #expect(groups.resourceIDs == [inner])
                let inside = try await users(api, "groups.value eq \"\(outer)\"")
                #expect(inside == ["anna"])
                let directly = try await users(api, "groups[type eq \"direct\" and value eq \"\(outer)\"]")
                #expect(directly == [])
                let read = try await api.get("/Users/\(user)").json
                #expect(
                    Set(
                        (read["groups"]?.arrayValue ?? []).map {
                            "\($0["value"]?.stringValue ?? "") \($0["type"]?.stringValue ?? "")"
                        })
                        == ["\(inner) direct", "\(outer) indirect"])
            }
        }

        @Test("/Me is the user of the token")
        func me() async throws {
            try await withAPI { api in
                try await api.get("/Me", token: .person).expect(404, naming: "userName")
                try await api.get("/Me").expect(501, naming: "client")
                let id = try await api.post("/Users", Samples.user("person")).id
                let read = try await api.get("/Me", token: .person)
                read.expect(200)
                #expect(read.id == id && read.header("Location") == "https://scim.example/scim/v2/Users/\(id)")
                try await api.patch("/Me", [["op": "add", "path": "title", "value": "x"]], token: .person).expect(200)
                #expect(try await api.get("/Users/\(id)").json["title"] == "x")
                try await api.post("/Me", Samples.user("other"), token: .person).expect(405)
                try await api.delete("/Me", token: .person).expect(204)
                try await api.get("/Users/\(id)").expect(404)
            }
        }
    }
}
