// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import SCIM
import Testing

@testable import API

/// What RFC 7643 demands of resources, as far as it can be seen over HTTP; `docs/scim-conformance.md` has the whole list.
extension OverHTTP {
    @Suite struct ConformanceTests {
        // MARK: Section 2, attributes

        @Test("Names of attributes and extensions count in any case, and answers spell them as the schemas do")
        func namesInAnyCase() async throws {
            try await withAPI { api in
                let name = Samples.name()
                let user = try await api.post(
                    "/Users",
                    [
                        "SCHEMAS": [.string(SchemaURN.user)], "USERNAME": .string(name), "Name": ["FAMILYNAME": "Doe"],
                        "NickName": "J", "Emails": [["VALUE": "a@b.example", "Type": "work"]],
                        SchemaURN.enterpriseUser.uppercased(): ["DEPARTMENT": "Sales"],
                    ]
                ).json
                #expect(user["userName"] == .string(name) && user["name"]?["familyName"] == "Doe")
                #expect(user["nickName"] == "J" && user["emails"] == [["value": "a@b.example", "type": "work"]])
                #expect(user[SchemaURN.enterpriseUser] == ["department": "Sales"])
                #expect(user["schemas"] == [.string(SchemaURN.user), .string(SchemaURN.enterpriseUser)])
            }
        }

        @Test("null, an empty list and no value are the same: not in the answer, cleared by a PUT")
        func unassigned() async throws {
            try await withAPI { api in
                let name = Samples.name()
                let nothing: JSONObject = [
                    "title": nil, "emails": [], "phoneNumbers": nil, "roles": [["value": nil]], "active": nil,
                    SchemaURN.enterpriseUser: ["department": nil],
                ]
                let created = try await api.post("/Users", Samples.user(name, nothing))
                created.expect(201)
                for key in ["title", "emails", "phoneNumbers", "roles", SchemaURN.enterpriseUser] {
                    #expect(created.json[key] == nil, "\(key)")
                }
                #expect(created.json["active"] == true, "a default is no value that was given")
                let full: JSONObject = [
                    "title": "Dr.", "emails": [["value": "a@b.example"]], "phoneNumbers": [["value": "1"]],
                    SchemaURN.enterpriseUser: ["department": "Sales"],
                ]
                try await api.put("/Users/\(created.id)", Samples.user(name, full)).expect(200)
                let cleared = try await api.put("/Users/\(created.id)", Samples.user(name, nothing)).json
                for key in ["title", "emails", "phoneNumbers", SchemaURN.enterpriseUser] {
                    #expect(cleared[key] == nil, "\(key)")
                }
                #expect(cleared["schemas"] == [.string(SchemaURN.user)])
            }
        }

        @Test("Every type of RFC 7643 section 2.3 keeps its value")
        func valuesOfEveryType() async throws {
            try await withAPI { api in
                let sent: JSONObject = [
                    "title": "\u{1F600} \"\\/\u{7}ßé\u{2028}", "active": false, "profileUrl": "../Users/jo",
                    "x509Certificates": [["value": "MIIB"]],
                    "photos": [["value": "https://p.example/a b".replacing(" ", with: "%20").json, "type": "photo"]],
                ]
                let id = try await api.post("/Users", Samples.user(Samples.name(), sent)).id
                let user = try await api.get("/Users/\(id)").json
                for (name, value) in sent { #expect(user[name] == value, "\(name)") }
            }
        }

        // MARK: Section 3, resources

        @Test("id and meta are the service's: stable, never the client's, never used again")
        func idAndMeta() async throws {
            try await withAPI { api in
                let mine = "00000000-0000-4000-8000-000000000001"
                let foreign: JSONObject = [
                    "id": .string(mine),
                    "meta": [
                        "resourceType": "Group", "created": "2001-01-01T00:00:00Z", "location": "https://x.example/",
                        "version": "W/\"99\"",
                    ],
                ]
                let name = Samples.name()
                let created = try await api.post("/Users", Samples.user(name, foreign))
                #expect(created.id != mine && created.id != "bulkId")
                let meta = try #require(created.json["meta"])
                #expect(meta["resourceType"] == "User" && meta["created"] == meta["lastModified"])
                #expect(meta["version"]?.stringValue == created.header("ETag"))
                #expect(meta["location"]?.stringValue == created.header("Location"))
                #expect(
                    try #require(Timestamp(iso8601: meta["created"]?.stringValue ?? ""))
                        > .init(microsecondsSinceEpoch: 0))

                var other = foreign
                other["title"] = "x"
                let replaced = try await api.put("/Users/\(created.id)", Samples.user(name, other))
                #expect(replaced.id == created.id && replaced.header("Location") == created.header("Location"))
                let after = try #require(replaced.json["meta"])
                #expect(after["created"] == meta["created"] && after["lastModified"] != meta["lastModified"])
                #expect(after["version"]?.stringValue == replaced.header("ETag") && replaced.etag != created.etag)

                try await api.delete("/Users/\(created.id)").expect(204)
                #expect(try await api.post("/Users", Samples.user(name)).id != created.id)
            }
        }

        @Test("schemas has the core schema and the extensions that have values, each once, whatever was sent")
        func schemas() async throws {
            try await withAPI { api in
                var user = Samples.user(Samples.name(), [SchemaURN.enterpriseUser: ["department": "Sales"]])
                user["schemas"] = [
                    .string(SchemaURN.user), .string(SchemaURN.univentionUser), .string(SchemaURN.user),
                    "urn:example:none",
                ]
                let created = try await api.post("/Users", user)
                #expect(created.json["schemas"] == [.string(SchemaURN.user), .string(SchemaURN.enterpriseUser)])
                let path = "\(SchemaURN.enterpriseUser):department"
                let patched = try await api.patch("/Users/\(created.id)", [["op": "remove", "path": .string(path)]])
                #expect(patched.json["schemas"] == [.string(SchemaURN.user)])
            }
        }

        @Test("externalId is caseExact, may be shared, and belongs to the client that set it")
        func externalId() async throws {
            try await withAPI { api in
                let first = try await api.post("/Users", Samples.user(Samples.name(), ["externalId": "E-1"]))
                let second = try await api.post("/Users", Samples.user(Samples.name(), ["externalId": "E-1"]))
                #expect(second.status == 201)
                let mine = try await api.get(#"/Users?filter=externalId%20eq%20%22E-1%22"#)
                #expect(Set(mine.resourceIDs) == [first.id, second.id])
                #expect(try await api.get(#"/Users?filter=externalId%20eq%20%22e-1%22"#).resourceIDs == [])
                let theirs = try await api.get(#"/Users?filter=externalId%20eq%20%22E-1%22"#, token: .otherClient)
                #expect(theirs.resourceIDs == [])
                #expect(try await api.get("/Users/\(first.id)", token: .otherClient).json["externalId"] == nil)
            }
        }

        // MARK: Section 4, users and groups

        @Test("userName is unique without regard to case, in every script", arguments: ["jo", "ÄRGER", "ΣΟΦΊΑ"])
        func userNameInAnyCase(name: String) async throws {
            try await withAPI { api in
                let id = try await api.post("/Users", Samples.user(name.lowercased())).id
                try await api.post("/Users", Samples.user(name.uppercased())).expect(409, scimType: "uniqueness")
                let filter = #"userName eq "\#(name.uppercased())""#
                let list = try await api.search("/Users", ["filter": .string(filter)])
                #expect(list.resourceIDs == [id])
            }
        }

        @Test(
            "RFC 7613: names that it would refuse are refused; full-width letters are others than the usual ones (deviation 14)"
        )
        func preparationOfNames() async throws {
            try await withAPI { api in
                for name in [
                    "jose\u{301}", "j\u{200D}o", "j\u{7F}o", "jo\u{A0}roe", "jo\u{202E}roe", "jo roe",
                    "\u{FB01}\u{20DD}",
                ] {
                    try await api.post("/Users", Samples.user(name)).expect(
                        400, scimType: "invalidValue", naming: "userName")
                }
                for name in ["wide", "\u{FF57}\u{FF49}\u{FF44}\u{FF45}"] {
                    let created = try await api.post("/Users", Samples.user(name))
                    created.expect(201)
                    #expect(created.json["userName"] == .string(name))
                }
            }
        }

        @Test("A password is in no answer, in no list, and cannot be searched or sorted by")
        func passwordIsNowhere() async throws {
            try await withAPI { api in
                let name = Samples.name()
                let secret = "correct horse battery"
                let created = try await api.post("/Users", Samples.user(name, ["password": .string(secret)]))
                let path = "/Users/\(created.id)?attributes=password,userName"
                let answers = [
                    created, try await api.get(path), try await api.get("/Users?attributes=password"),
                    try await api.put(path, Samples.user(name, ["password": .string(secret)])),
                    try await api.patch(path, [["op": "replace", "path": "password", "value": .string(secret + "!")]]),
                    try await api.search("", ["attributes": ["password"]]),
                ]
                for answer in answers {
                    #expect(answer.status < 300)
                    #expect(!answer.text.contains("password") && !answer.text.contains(secret), "\(answer.text)")
                }
                for filter in [#"password eq "x""#, "password pr", #"password sw "c""#, #"not (password eq "x")"#] {
                    try await api.search("/Users", ["filter": .string(filter)])
                        .expect(400, scimType: "invalidFilter", naming: "password")
                }
                try await api.search("/Users", ["sortBy": "password"]).expect(400, scimType: "invalidValue")
            }
        }

        @Test(
            "Membership is changed through groups: what a user's groups say is ignored, or refused when asked for alone"
        )
        func groupsOfAUser() async throws {
            try await withAPI { api in
                let name = Samples.name()
                let group = try await api.post("/Groups", Samples.group(Samples.name("g"))).id
                let claimed: JSONObject = ["groups": [["value": .string(group)]]]
                let created = try await api.post("/Users", Samples.user(name, claimed))
                #expect(created.status == 201 && created.json["groups"] == nil)
                let replaced = try await api.put("/Users/\(created.id)", Samples.user(name, claimed))
                #expect(replaced.status == 200 && replaced.json["groups"] == nil)
                try await api.patch(
                    "/Users/\(created.id)", [["op": "add", "path": "groups", "value": [["value": .string(group)]]]]
                ).expect(400, scimType: "mutability", naming: "groups")
                #expect(try await api.get("/Groups/\(group)").json["members"] == nil)
            }
        }

        @Test("A member cannot become another one: it is added or removed")
        func membersAreImmutable() async throws {
            try await withAPI { api in
                let first = try await api.post("/Users", Samples.user(Samples.name())).id
                let second = try await api.post("/Users", Samples.user(Samples.name())).id
                let id = try await api.post("/Groups", Samples.group(Samples.name("g"), members: [first])).id
                try await api.patch(
                    "/Groups/\(id)",
                    [
                        [
                            "op": "replace", "path": .string("members[value eq \"\(first)\"].value"),
                            "value": .string(second),
                        ]
                    ]
                ).expect(400, scimType: "mutability")
                let group = try await api.get("/Groups/\(id)").json
                #expect(group["members"]?.arrayValue?.compactMap { $0["value"]?.stringValue } == [first])
                let member = try #require(group["members"]?[0])
                #expect(member["$ref"] == .string("https://scim.example/scim/v2/Users/\(first)"))
                #expect(member["type"] == "User" && member["display"] != nil)
            }
        }

        @Test("The manager's name is readOnly, and goes with the manager")
        func manager() async throws {
            try await withAPI { api in
                let boss = try await api.post("/Users", Samples.user(Samples.name())).id
                let manager: JSONValue = ["value": .string(boss), "displayName": "made up"]
                let user = try await api.post(
                    "/Users", Samples.user(Samples.name(), [SchemaURN.enterpriseUser: ["manager": manager]]))
                #expect(user.json[SchemaURN.enterpriseUser]?["manager"]?["value"] == .string(boss))
                #expect(user.json[SchemaURN.enterpriseUser]?["manager"]?["displayName"] != "made up")
                let path = JSONValue.string("\(SchemaURN.enterpriseUser):manager.displayName")
                try await api.patch("/Users/\(user.id)", [["op": "replace", "path": path, "value": "made up"]])
                    .expect(400, scimType: "mutability")
            }
        }

        // MARK: Sections 5 to 7, what is announced

        @Test("ServiceProviderConfig has every attribute of section 5 and of RFC 9865 and 9967, each with its type")
        func serviceProviderConfig() async throws {
            try await withAPI { api in
                let config = try await api.get("/ServiceProviderConfig").json
                #expect(config["schemas"] == ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"])
                for feature in ["patch", "bulk", "filter", "changePassword", "sort", "etag"] {
                    #expect(config[feature]?["supported"] == true, "\(feature)")
                }
                for (feature, number) in [
                    ("bulk", "maxOperations"), ("bulk", "maxPayloadSize"), ("filter", "maxResults"),
                    ("pagination", "defaultPageSize"), ("pagination", "maxPageSize"), ("pagination", "cursorTimeout"),
                ] {
                    #expect((config[feature]?[number]?.integerValue ?? 0) > 0, "\(feature).\(number)")
                }
                #expect(config["pagination"]?["cursor"] == true && config["pagination"]?["index"] == true)
                #expect(config["pagination"]?["defaultPaginationMethod"] == "index")
                #expect(config["securityEvents"]?["asyncRequest"] == "request")
                #expect(
                    config["securityEvents"]?["eventUris"]
                        == ["urn:ietf:params:scim:event:misc:asyncresp"])
                let scheme = try #require(config["authenticationSchemes"]?[0])
                for name in ["type", "name", "description"] { #expect(scheme[name]?.stringValue != nil, "\(name)") }
                #expect(config["id"] == nil, "section 5: no id is needed")
            }
        }

        @Test("Every attribute of every schema has its characteristics, and sub-attributes are never complex")
        func characteristics() async throws {
            try await withAPI { api in
                let schemas = try await api.get("/Schemas").json["Resources"]?.arrayValue ?? []
                #expect(!schemas.isEmpty)
                for schema in schemas {
                    let urn = schema["id"]?.stringValue ?? ""
                    #expect(schema["name"] != nil && schema["description"] != nil, "\(urn)")
                    #expect(schema["meta"]?["location"] == .string("https://scim.example/scim/v2/Schemas/\(urn)"))
                    for attribute in schema["attributes"]?.arrayValue ?? [] {
                        check(attribute, of: urn)
                        for part in attribute["subAttributes"]?.arrayValue ?? [] {
                            check(part, of: urn)
                            #expect(part["type"] != "complex", "\(urn):\(part["name"] ?? nil)")
                        }
                    }
                }
            }
        }

        private func check(_ attribute: JSONValue, of urn: String) {
            let name = attribute["name"]?.stringValue ?? ""
            let place = "\(urn):\(name)"
            #expect(name.wholeMatch(of: /(\$ref|[A-Za-z][A-Za-z0-9_-]*)/) != nil, "\(place)")
            for (characteristic, values) in [
                (
                    "type",
                    ["string", "boolean", "decimal", "integer", "dateTime", "reference", "binary", "complex"]
                ),
                ("mutability", ["readOnly", "readWrite", "immutable", "writeOnly"]),
                ("returned", ["always", "never", "default", "request"]),
            ] {
                #expect(values.contains(attribute[characteristic]?.stringValue ?? ""), "\(place) \(characteristic)")
            }
            for characteristic in ["multiValued", "required"] {
                #expect(attribute[characteristic]?.boolValue != nil, "\(place) \(characteristic)")
            }
            #expect((attribute["subAttributes"] != nil) == (attribute["type"] == "complex"), "\(place)")
            #expect((attribute["referenceTypes"] != nil) == (attribute["type"] == "reference"), "\(place)")
        }
    }
}

extension TestAPI {
    /// A query by POST, below `path`.
    func search(_ path: String, _ parameters: JSONObject, token: TestToken? = .client) async throws -> Answer {
        var body: JSONObject = ["schemas": [.string(SchemaURN.searchRequest)]]
        for (name, value) in parameters { body[name] = value }
        return try await post("\(path)/.search", body, token: token)
    }
}

extension String {
    fileprivate var json: JSONValue { .string(self) }
}
