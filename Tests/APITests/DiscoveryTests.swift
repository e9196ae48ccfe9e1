// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import SCIM
import Testing

@testable import API

extension OverHTTP {
    @Suite struct DiscoveryTests {
        @Test func serviceProviderConfigAnnouncesWhatWorks() async throws {
            try await withAPI { api in
                let answer = try await api.get("/ServiceProviderConfig")
                answer.expect(200)
                let config = answer.json
                for feature in ["patch", "bulk", "filter", "sort", "changePassword", "etag"] {
                    #expect(config[feature]?["supported"] == true, "\(feature)")
                }
                #expect(config["pagination"]?["index"] == true && config["pagination"]?["cursor"] == true)
                #expect(config["securityEvents"]?["asyncRequest"] == "request")
                #expect(config["pagination"]?["defaultPaginationMethod"] == "index")
                #expect(config["filter"]?["maxResults"]?.integerValue == 1000)
                #expect(config["bulk"]?["maxOperations"] == 1000 && config["bulk"]?["maxPayloadSize"] == 8_388_608)
                let scheme = try #require(config["authenticationSchemes"]?[0])
                #expect(scheme["type"] == "oauthbearertoken")
                #expect(scheme["name"]?.stringValue != nil && scheme["description"]?.stringValue != nil)
                #expect(config["meta"]?["location"] == "https://scim.example/scim/v2/ServiceProviderConfig")
                #expect(config["meta"]?["resourceType"] == "ServiceProviderConfig")
            }
        }

        @Test func everySchemaIsListedAndFoundByItsURN() async throws {
            try await withAPI { api in
                let list = try await api.get("/Schemas")
                list.expect(200)
                let schemas = try #require(list.json["Resources"]?.arrayValue)
                let urns = schemas.compactMap { $0["id"]?.stringValue }
                #expect(
                    Set(urns) == [
                        SchemaURN.user, SchemaURN.group, SchemaURN.enterpriseUser, SchemaURN.univentionUser,
                        SchemaURN.univentionGroup,
                        SchemaURN.sync,
                    ])
                #expect(list.json["totalResults"]?.integerValue == Int64(urns.count))
                #expect(list.json["itemsPerPage"] == list.json["totalResults"])
                for (schema, urn) in zip(schemas, urns) {
                    #expect(try await api.get("/Schemas/\(urn)").json == schema.objectValue)
                    #expect(try await api.get("/Schemas/\(urn.uppercased())").json == schema.objectValue)
                    let encoded = urn.split(separator: ":").joined(separator: "%3A")
                    #expect(try await api.get("/Schemas/\(encoded)").json == schema.objectValue)
                }
            }
        }

        @Test func resourceTypesNameTheirSchemas() async throws {
            try await withAPI { api in
                let list = try await api.get("/ResourceTypes")
                list.expect(200)
                #expect(
                    list.json["Resources"]?.arrayValue?.compactMap { $0["endpoint"]?.stringValue } == [
                        "/Users", "/Groups",
                    ])
                for name in ["User", "Group"] {
                    let type = try await api.get("/ResourceTypes/\(name)")
                    type.expect(200)
                    #expect(type.json["name"] == .string(name))
                    #expect(
                        type.json["meta"]?["location"] == .string("https://scim.example/scim/v2/ResourceTypes/\(name)"))
                    for urn in [type.json["schema"]]
                        + (type.json["schemaExtensions"]?.arrayValue ?? []).map({ $0["schema"] })
                    {
                        try await api.get("/Schemas/\(urn?.stringValue ?? "-")").expect(200)
                    }
                }
            }
        }

        /// Entra's validator reads the schemas and writes what it finds there.
        @Test func announcedUserAttributesAreKept() async throws {
            try await withAPI { api in
                let enterprise: JSONValue = [
                    "employeeNumber": "17", "department": "Sales",
                    "manager": ["value": "00000000-0000-4000-8000-000000000001"],
                ]
                let sent: JSONObject = [
                    "nickName": "J", "profileUrl": "https://p.example/j", "title": "Dr.", "userType": "Employee",
                    "preferredLanguage": "de",
                    "locale": "de-DE", "timezone": "Europe/Berlin",
                    "phoneNumbers": [["value": "+49 1", "type": "mobile"]],
                    "ims": [["value": "j", "type": "xmpp"]],
                    "addresses": [["type": "work", "locality": "Bremen", "country": "DE"]],
                    "entitlements": [["value": "e"]], "roles": [["value": "r"]], SchemaURN.enterpriseUser: enterprise,
                    SchemaURN.univentionUser: ["description": "d"],
                ]
                let id = try await api.post("/Users", Samples.user(Samples.name(), sent)).id
                let user = try await api.get("/Users/\(id)").json
                for (name, value) in sent { #expect(user[name] == value, "\(name)") }
                #expect(
                    Set((user["schemas"]?.arrayValue ?? []).compactMap(\.stringValue)) == [
                        SchemaURN.user, SchemaURN.enterpriseUser, SchemaURN.univentionUser,
                    ])
            }
        }

        @Test(
            "A filter is forbidden here (RFC 7644 section 4)",
            arguments: ["/ServiceProviderConfig", "/Schemas", "/ResourceTypes", "/Schemas/x"])
        func filter(path: String) async throws {
            try await withAPI { api in try await api.get("\(path)?filter=id%20pr").expect(403) }
        }

        @Test func otherParametersMeanNothing() async throws {
            try await withAPI { api in
                let plain = try await api.get("/Schemas").json
                #expect(try await api.get("/Schemas?startIndex=2&count=1&sortBy=id&attributes=name").json == plain)
            }
        }

        @Test(
            "What does not exist is 404",
            arguments: [
                "/Schemas/urn:x", "/Schemas/%E2%82", "/ResourceTypes/Device", "/ResourceTypes/user",
                "/ServiceProviderConfig/x",
            ])
        func missing(path: String) async throws {
            try await withAPI { api in try await api.get(path).expect(404) }
        }
    }
}
