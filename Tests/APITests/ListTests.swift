// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import SCIM
import Testing

@testable import API

extension OverHTTP {
    @Suite struct ListTests {
        @Test func emptyListIsAnEmptyList() async throws {
            try await withAPI { api in
                for path in ["/Users", "/Groups"] {
                    let list = try await api.get(path)
                    list.expect(200)
                    #expect(list.header("Content-Type") == "application/scim+json")
                    #expect(
                        list.json == [
                            "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": 0,
                            "itemsPerPage": 0, "startIndex": 1, "Resources": [],
                        ])
                }
            }
        }

        @Test func pagesAreStableAndComplete() async throws {
            try await withAPI { api in
                var created: Set<String> = []
                for _ in 0..<7 { created.insert(try await api.post("/Users", Samples.user(Samples.name())).id) }
                var seen: [String] = []
                for start in [1, 4, 7] {
                    let page = try await api.get("/Users?startIndex=\(start)&count=3")
                    page.expect(200)
                    #expect(page.json["totalResults"] == 7)
                    #expect(page.json["startIndex"]?.integerValue == Int64(start))
                    #expect(page.json["itemsPerPage"]?.integerValue == (start == 7 ? 1 : 3))
                    seen += page.resourceIDs
                }
                #expect(seen.count == 7 && Set(seen) == created)
                #expect(try await api.get("/Users").resourceIDs == seen)
            }
        }

        @Test func listedResourceIsTheOneThatIsRead() async throws {
            try await withAPI { api in
                let created = try await api.post("/Users", Samples.user(Samples.name(), ["externalId": "x"]))
                #expect(try await api.get("/Users").json["Resources"] == [.object(created.json)])
                let other = try await api.get("/Users", token: .otherClient).json["Resources"]?[0]
                #expect(other?["id"] == created.json["id"] && other?["externalId"] == nil)
            }
        }

        @Test(
            "Pages beyond the list and odd counts follow RFC 7644 section 3.4.2.4",
            arguments: [
                ("startIndex=3", 3, 0), ("startIndex=0", 1, 2), ("startIndex=-7", 1, 2), ("count=0", 1, 0),
                ("count=-3", 1, 0),
                ("count=1", 1, 1), ("count=100000", 1, 2), ("startIndex=2&count=5", 2, 1),
                ("startIndex=99999999999999999999", Int64(Int32.max), 0),
                ("aadOptscim062020", 1, 2), ("sortOrder=descending", 1, 2),
                ("filter=&startIndex=&count=&sortBy=", 1, 2),
            ] as [(String, Int64, Int64)])
        func pages(query: String, startIndex: Int64, items: Int64) async throws {
            try await withAPI { api in
                for _ in 0..<2 { _ = try await api.post("/Users", Samples.user(Samples.name())) }
                let list = try await api.get("/Users?\(query)")
                list.expect(200)
                #expect(list.json["totalResults"] == 2)
                #expect(list.json["startIndex"]?.integerValue == startIndex)
                #expect(list.json["itemsPerPage"]?.integerValue == items)
                #expect(list.json["Resources"]?.arrayValue?.count == Int(items))
            }
        }

        @Test func pageSizesAreBounded() async throws {
            var limits = RequestLimits()
            limits.defaultPageSize = 2
            limits.maximumPageSize = 3
            try await withAPI(limits: limits) { api in
                for _ in 0..<4 { _ = try await api.post("/Users", Samples.user(Samples.name())) }
                #expect(try await api.get("/Users").resourceIDs.count == 2)
                #expect(try await api.get("/Users?count=4").resourceIDs.count == 3)
                let pagination = try await api.get("/ServiceProviderConfig").json["pagination"]
                #expect(pagination?["defaultPageSize"] == 2 && pagination?["maxPageSize"] == 3)
            }
        }

        @Test(
            "A broken parameter is 400, and says which one",
            arguments: [
                ("filter=%20", "invalidFilter", "filter"), ("FILTER=x", "invalidFilter", "filter"),
                ("filter=userName%20eq", "invalidFilter", "byte 11"), ("sortBy=name", "invalidValue", "sortBy"),
                ("sortBy=userName&sortOrder=up", "invalidValue", "sortOrder"), ("cursor=x", "invalidCursor", "cursor"),
                ("cursor=&count=x", "invalidCount", "count"), ("count=x", "invalidValue", "count"),
                ("startIndex=1.0", "invalidValue", "startIndex"),
            ])
        func refused(query: String, scimType: String, text: String) async throws {
            try await withAPI { api in
                try await api.get("/Users?\(query)").expect(400, scimType: scimType, naming: text)
            }
        }

        @Test func projectionAppliesToEveryResource() async throws {
            try await withAPI { api in
                for _ in 0..<2 { _ = try await api.post("/Users", Samples.user(Samples.name())) }
                let list = try await api.get("/Users?attributes=userName")
                for resource in list.json["Resources"]?.arrayValue ?? [] {
                    #expect(Set(resource.objectValue?.keys ?? []) == ["schemas", "id", "userName"])
                }
                #expect(list.json["Resources"]?.arrayValue?.count == 2)
            }
        }

        @Test func usersAndGroupsAreListedApart() async throws {
            try await withAPI { api in
                let user = try await api.post("/Users", Samples.user(Samples.name())).id
                let group = try await api.post("/Groups", Samples.group(Samples.name("g"), members: [user])).id
                #expect(try await api.get("/Users").resourceIDs == [user])
                #expect(try await api.get("/Groups").resourceIDs == [group])
                #expect(
                    try await api.get("/Groups").json["Resources"]?[0]
                        == .object(try await api.get("/Groups/\(group)").json))
            }
        }
    }
}

extension Answer {
    var resourceIDs: [String] { (json["Resources"]?.arrayValue ?? []).compactMap { $0["id"]?.stringValue } }
}
