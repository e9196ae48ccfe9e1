// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import SCIM
import Testing

@testable import API

extension OverHTTP {
    /// Schemas that an operator has declared (R-11, R-12).
    @Suite struct DeclaredSchemaTests {
        private static let urn = "urn:example:scim:schemas:extension:myapp:1.0:User"

        /// With the demo extension: a boolean, a decimal number, and one attribute for each characteristic.
        private static func registry() throws -> SchemaRegistry {
            let file = try JSONValue(
                parsing: """
                    {"schemas": [{"id": "\(urn)", "name": "MyApp", "resourceTypes": ["User"], "attributes": [
                        {"name": "isMyAppEnabled", "type": "boolean"}, {"name": "myAppValue", "type": "decimal"},
                        {"name": "seats", "type": "integer"}, {"name": "since", "type": "dateTime"},
                        {"name": "key", "type": "binary"}, {"name": "tags", "type": "string", "multiValued": true},
                        {"name": "page", "type": "reference", "referenceTypes": ["external"]},
                        {"name": "number", "type": "string", "mutability": "immutable", "returned": "always"},
                        {"name": "details", "type": "string", "returned": "request"}]}]}
                    """)
            var problems = DeclarationProblems()
            let object = try #require(DeclaredObject(file, at: "", keys: ["schemas"], &problems))
            let registry = SchemaRegistry.standard.extended(bySchemasOf: object, &problems)
            #expect(problems.texts == [])
            return registry
        }

        private func user(_ own: JSONObject) -> JSONObject {
            Samples.user(Samples.name(), [Self.urn: .object(own)])
        }

        @Test func valuesKeepTheirTypes() async throws {
            try await withAPI(registry: try Self.registry()) { api in
                let own: JSONObject = [
                    "isMyAppEnabled": true, "myAppValue": 1.5, "seats": 7, "since": "2026-11-21T09:15:29Z",
                    "key": "TUlJ", "tags": ["b", "a"], "page": "https://p.example/x", "number": "4711",
                ]
                let created = try await api.post("/Users", user(own))
                created.expect(201)
                #expect(created.json[Self.urn] == .object(own))
                let read = try await api.get("/Users/\(created.id)").json
                #expect(read[Self.urn] == .object(own))
                #expect(read[Self.urn]?["myAppValue"]?.numberValue?.literal == "1.5")
                #expect(read["schemas"]?.arrayValue?.contains(.string(Self.urn)) == true)
                let part = try await api.get("/Users/\(created.id)?attributes=\(Self.urn):MYAPPVALUE").json
                #expect(part[Self.urn] == ["myAppValue": 1.5, "number": "4711"])
            }
        }

        @Test func theSchemaIsAnnounced() async throws {
            try await withAPI(registry: try Self.registry()) { api in
                let schemas = try await api.get("/Schemas").json["Resources"]?.arrayValue ?? []
                let own = try #require(schemas.first { $0["id"] == .string(Self.urn) })
                #expect(try await api.get("/Schemas/\(Self.urn)").json == own.objectValue)
                let types = (own["attributes"]?.arrayValue ?? []).map { $0["type"]?.stringValue }
                #expect(types.prefix(2) == ["boolean", "decimal"])
                let type = try await api.get("/ResourceTypes/User").json
                #expect(
                    type["schemaExtensions"]?.arrayValue?.contains(["schema": .string(Self.urn), "required": false])
                        == true)
            }
        }

        @Test(
            "Values of another type are refused with their path",
            arguments: [
                ("isMyAppEnabled", #""yes""#, "must be a Boolean"), ("myAppValue", #""1.5""#, "must be a number"),
                ("myAppValue", "1e999999", "must be a number within the range of a double"),
                ("seats", "1.5", "must be an integer"), ("key", #""%""#, "must be base64"),
                ("since", #""yesterday""#, "must be a date and time such as 2026-11-21T09:15:29Z"),
                ("page", #""not a uri""#, "must be a URI"), ("tags", #""a""#, "must be an array"),
            ])
        func wrongTypes(name: String, value: String, reason: String) async throws {
            try await withAPI(registry: try Self.registry()) { api in
                let answer = try await api.post("/Users", user([name: try JSONValue(parsing: value)]))
                answer.expect(400, scimType: "invalidValue")
                #expect(answer.detail == "\(Self.urn):\(name) \(reason)")
            }
        }

        @Test func largeNumbersAreStored() async throws {
            try await withAPI(registry: try Self.registry()) { api in
                for literal in ["1e308", "-1e-300", "123456789012345678901234567890.5", "0.0", "9223372036854775807"] {
                    let number = try JSONValue(parsing: literal)
                    let created = try await api.post("/Users", user(["myAppValue": number]))
                    created.expect(201)
                    let read = try await api.get("/Users/\(created.id)").json
                    #expect(read[Self.urn]?["myAppValue"] == number, "\(literal)")
                }
            }
        }

        @Test func whatIsReturnedOnRequestIsReturnedOnRequest() async throws {
            try await withAPI(registry: try Self.registry()) { api in
                let sent = user(["details": "d", "number": "1", "seats": 2])
                let created = try await api.post("/Users", sent)
                created.expect(201)
                #expect(created.json[Self.urn] == ["number": "1", "seats": 2])
                let path = "/Users/\(created.id)"
                #expect(try await api.get(path).json[Self.urn] == ["number": "1", "seats": 2])
                #expect(try await api.get("\(path)?excludedAttributes=userName").json[Self.urn]?["details"] == nil)
                let asked = try await api.get("\(path)?attributes=\(Self.urn):details").json
                #expect(asked[Self.urn] == ["details": "d", "number": "1"])
                #expect(try await api.get("\(path)?attributes=userName").json[Self.urn] == ["number": "1"])
                #expect(try await api.get("\(path)?excludedAttributes=\(Self.urn)").json[Self.urn] == ["number": "1"])
                // Nothing of it is forgotten by a write that cannot see it.
                let put = try await api.put("\(path)?attributes=\(Self.urn)", sent)
                #expect(put.json[Self.urn]?["details"] == "d")
                let list = try await api.get("/Users").json["Resources"]?.arrayValue ?? []
                #expect(list.allSatisfy { $0[Self.urn]?["details"] == nil })
            }
        }

        @Test func immutableValuesStay() async throws {
            try await withAPI(registry: try Self.registry()) { api in
                var body = user(["seats": 1])
                let id = try await api.post("/Users", body).id
                body[Self.urn] = ["number": "4711"]
                try await api.put("/Users/\(id)", body).expect(200)
                body[Self.urn] = ["seats": 2]
                let kept = try await api.put("/Users/\(id)", body)
                kept.expect(200)
                #expect(kept.json[Self.urn] == ["number": "4711", "seats": 2])
                body[Self.urn] = ["number": "4712"]
                let refused = try await api.put("/Users/\(id)", body)
                refused.expect(400, scimType: "mutability")
                #expect(refused.detail == "\(Self.urn):number is immutable and has another value")
            }
        }
    }
}

extension OverHTTP {
    /// UDM's rules at the door (R-80).
    @Suite struct DirectoryRuleTests {
        @Test func aNameThatTheDirectoryWouldHaveTwiceIsNamed() async throws {
            try await withAPI(rules: DirectoryRules(userNameRule: .localPart)) { api in
                let name = Samples.name()
                try await api.post("/Users", Samples.user("\(name)@a.example")).expect(201)
                let clash = try await api.post("/Users", Samples.user("\(name.uppercased())@b.example"))
                clash.expect(409, scimType: "uniqueness")
                #expect(
                    clash.detail
                        == "The value of userName is in use by another resource: the name \"\(name)\" is taken by a user "
                        + "or a group")
                let group = try await api.post("/Groups", Samples.group(name))
                group.expect(409, scimType: "uniqueness", naming: "displayName")
                let other = try await api.post("/Users", Samples.user("\(Samples.name())@a.example"))
                other.expect(201)
                let renamed = try await api.put("/Users/\(other.id)", Samples.user("\(name)@c.example"))
                renamed.expect(409, scimType: "uniqueness", naming: "\"\(name)\"")
            }
        }

        @Test func aMailAddressIsUniqueOverMailboxAndAlias() async throws {
            try await withAPI { api in
                let address = "\(Samples.name())@corp.example"
                func user(_ type: String) -> JSONObject {
                    Samples.user(Samples.name(), ["emails": [["value": .string(address), "type": .string(type)]]])
                }
                try await api.post("/Users", user("mailbox")).expect(201)
                let clash = try await api.post("/Users", user("alias"))
                clash.expect(409, scimType: "uniqueness", naming: address)
                try await api.post("/Users", user("work")).expect(201)
            }
        }

        @Test func longKeysAreRefusedAndNotAnErrorOfTheDatabase() async throws {
            try await withAPI { api in
                var generator = SystemRandomNumberGenerator()
                // Random, so that PostgreSQL cannot compress it below the limit of an index.
                let long = String(
                    (0..<8000).map { _ in "abcdefghijklmnopqrstuvwxyz0123456789".randomElement(using: &generator) ?? "a"
                    })
                for body in [
                    Samples.user(long), Samples.user(Samples.name(), ["externalId": .string(long)]),
                    Samples.user(
                        Samples.name(), ["emails": [["value": .string("\(long)@corp.example"), "type": "mailbox"]]]),
                ] {
                    let answer = try await api.post("/Users", body)
                    answer.expect(400, scimType: "invalidValue", naming: "bytes long in UTF-8")
                }
                try await api.post("/Groups", Samples.group(long)).expect(400, scimType: "invalidValue")
            }
        }

        @Test func certificatesRolesAndPhotosOfAnyKindAreKept() async throws {
            try await withAPI { api in
                let more: JSONObject = [
                    "x509Certificates": [["value": "TUlJ"], ["value": "TUlK", "primary": true]],
                    "roles": [["value": "r", "type": "app"], ["value": "r", "type": "other"]],
                    "photos": [["value": "https://p.example/1", "type": "photo"]],
                    "ims": [["value": "i", "type": "whatever"]],
                    "addresses": [["type": "work", "country": "Nowhere"]],
                ]
                let created = try await api.post("/Users", Samples.user(Samples.name(), more))
                created.expect(201)
                for (name, value) in more { #expect(created.json[name] == value, "\(name)") }
            }
        }
    }
}
