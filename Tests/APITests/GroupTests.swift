// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import SCIM
import Testing

@testable import API

extension OverHTTP {
    @Suite struct GroupTests {
        @Test func groupCarriesItsMembersAndUsersTheirGroups() async throws {
            try await withAPI { api in
                let user = try await api.post("/Users", Samples.user(Samples.name(), ["displayName": "Jo D."])).id
                let inner = try await api.post("/Groups", Samples.group(Samples.name("inner"))).id
                let name = Samples.name("outer")
                let created = try await api.post("/Groups", Samples.group(name, members: [user, inner]))
                created.expect(201)
                #expect(created.header("Location") == "https://scim.example/scim/v2/Groups/\(created.id)")
                let members = try #require(created.json["members"]?.arrayValue)
                #expect(members.count == 2)
                let userMember = try #require(members.first { $0["value"] == .string(user) })
                #expect(userMember["type"] == "User")
                #expect(userMember["display"] == "Jo D.")
                #expect(userMember["$ref"] == .string("https://scim.example/scim/v2/Users/\(user)"))
                let groupMember = try #require(members.first { $0["value"] == .string(inner) })
                #expect(groupMember["type"] == "Group")
                #expect(groupMember["$ref"] == .string("https://scim.example/scim/v2/Groups/\(inner)"))
                #expect(try await api.get("/Groups/\(created.id)").json == created.json)

                let groups = try #require(try await api.get("/Users/\(user)").json["groups"]?.arrayValue)
                #expect(groups.count == 1)
                #expect(groups[0]["value"] == .string(created.id))
                #expect(groups[0]["display"] == .string(name))
                #expect(groups[0]["type"] == "direct")
                #expect(groups[0]["$ref"] == .string("https://scim.example/scim/v2/Groups/\(created.id)"))
                let listed = try await api.get("/Users").json["Resources"]?[0]
                #expect(listed?["groups"] == .array(groups))
            }
        }

        @Test func membersAreReplaced() async throws {
            try await withAPI { api in
                var users: [String] = []
                for _ in 0..<3 { users.append(try await api.post("/Users", Samples.user(Samples.name())).id) }
                let name = Samples.name("g")
                let id = try await api.post("/Groups", Samples.group(name, members: [users[0], users[1]])).id
                let replaced = try await api.put("/Groups/\(id)", Samples.group(name, members: [users[1], users[2]]))
                replaced.expect(200)
                #expect(replaced.etag == #"W/"2""#)
                #expect(Set(replaced.memberIDs) == [users[1], users[2]])
                let same = try await api.put("/Groups/\(id)", Samples.group(name, members: [users[2], users[1]]))
                #expect(same.etag == #"W/"2""#, "the order of members means nothing")
                #expect(try await api.get("/Users/\(users[0])").json["groups"] == nil)
                let emptied = try await api.put("/Groups/\(id)", Samples.group(name, members: []))
                #expect(emptied.etag == #"W/"3""#)
                #expect(emptied.memberIDs.isEmpty)
            }
        }

        @Test func membersAreLeftOutWhenExcluded() async throws {
            try await withAPI { api in
                let user = try await api.post("/Users", Samples.user(Samples.name())).id
                let id = try await api.post("/Groups", Samples.group(Samples.name("g"), members: [user])).id
                let without = try await api.get("/Groups/\(id)?excludedAttributes=members")
                without.expect(200)
                #expect(!without.json.contains("members") && without.json.contains("displayName"))
                let values = try await api.get("/Groups/\(id)?attributes=members.value")
                #expect(values.json["members"] == [["value": .string(user)]])
                let list = try await api.get("/Groups?excludedAttributes=members")
                #expect(list.json["Resources"]?[0]?["members"] == nil)
                #expect(try await api.get("/Groups").json["Resources"]?[0]?["members"]?.arrayValue?.count == 1)
                let noGroups = try await api.get("/Users/\(user)?excludedAttributes=groups")
                #expect(!noGroups.json.contains("groups") && noGroups.json.contains("userName"))
            }
        }

        @Test func unknownMemberIsRefused() async throws {
            try await withAPI { api in
                let unknown = LowercaseUUID.random().description
                try await api.post("/Groups", Samples.group(Samples.name("g"), members: [unknown]))
                    .expect(400, scimType: "invalidValue", naming: unknown)
                let id = try await api.post("/Groups", Samples.group(Samples.name("g"))).id
                try await api.put("/Groups/\(id)", Samples.group(Samples.name("g"), members: [unknown]))
                    .expect(400, scimType: "invalidValue", naming: "members")
                let many = (0..<9).map { _ in LowercaseUUID.random().description }
                try await api.post("/Groups", Samples.group(Samples.name("g"), members: many))
                    .expect(400, scimType: "invalidValue", naming: "and 4 more")
                #expect(try await api.get("/Groups?count=0").json["totalResults"] == 1)
            }
        }

        @Test func memberOfAnotherTenantIsUnknown() async throws {
            try await withAPI { api in
                let user = try await api.post("/Users", Samples.user(Samples.name()), token: .otherTenant).id
                try await api.post("/Groups", Samples.group(Samples.name("g"), members: [user])).expect(
                    400, scimType: "invalidValue")
            }
        }

        @Test func contradictingMemberTypeIsRefused() async throws {
            try await withAPI { api in
                let user = try await api.post("/Users", Samples.user(Samples.name())).id
                let body = Samples.group(Samples.name("g"), ["members": [["value": .string(user), "type": "Group"]]])
                try await api.post("/Groups", body).expect(400, scimType: "invalidValue", naming: "members")
                try await api.post(
                    "/Groups",
                    Samples.group(Samples.name("g"), ["members": [["value": .string(user), "type": "user"]]])
                )
                .expect(201)
            }
        }

        @Test func groupCannotContainItself() async throws {
            try await withAPI { api in
                let (outerName, innerName) = (Samples.name("a"), Samples.name("b"))
                let inner = try await api.post("/Groups", Samples.group(innerName)).id
                let outer = try await api.post("/Groups", Samples.group(outerName, members: [inner])).id
                try await api.put("/Groups/\(inner)", Samples.group(innerName, members: [outer]))
                    .expect(400, scimType: "invalidValue", naming: "members")
                try await api.put("/Groups/\(outer)", Samples.group(outerName, members: [outer])).expect(
                    400, scimType: "invalidValue")
                #expect(try await api.get("/Groups/\(outer)").memberIDs == [inner])
            }
        }

        @Test func deletedUserLeavesItsGroupsWithANewRevision() async throws {
            try await withAPI { api in
                let user = try await api.post("/Users", Samples.user(Samples.name())).id
                let id = try await api.post("/Groups", Samples.group(Samples.name("g"), members: [user])).id
                try await api.delete("/Users/\(user)").expect(204)
                let group = try await api.get("/Groups/\(id)")
                #expect(group.memberIDs.isEmpty)
                #expect(group.etag == #"W/"2""#)
                #expect(try await api.jobs(of: id).count == 1, "UDM removes the member itself")
            }
        }

        @Test func deletedGroupLeavesItsMembers() async throws {
            try await withAPI { api in
                let user = try await api.post("/Users", Samples.user(Samples.name())).id
                let id = try await api.post("/Groups", Samples.group(Samples.name("g"), members: [user])).id
                try await api.delete("/Groups/\(id)").expect(204)
                try await api.get("/Groups/\(id)").expect(404)
                let read = try await api.get("/Users/\(user)")
                read.expect(200)
                #expect(!read.json.contains("groups"))
            }
        }

        @Test func bodyOfAGroupMayBeLargerThanAUsers() async throws {
            try await withAPI { api in
                let user = try await api.post("/Users", Samples.user(Samples.name())).id
                // 2.4 MB: the same member, over and over.
                let body = Samples.group(Samples.name("g"), members: Array(repeating: user, count: 50_000))
                let answer = try await api.post("/Groups", body)
                answer.expect(201)
                #expect(answer.memberIDs == [user])
                let tooLarge = Samples.user(Samples.name(), ["title": .string(String(repeating: "x", count: 1 << 20))])
                try await api.post("/Users", tooLarge).expect(413)
            }
        }

        @Test func parallelReplacementsOfOneGroupAllCount() async throws {
            try await withAPI { api in
                var users: [String] = []
                for _ in 0..<8 { users.append(try await api.post("/Users", Samples.user(Samples.name())).id) }
                let name = Samples.name("g")
                let id = try await api.post("/Groups", Samples.group(name)).id
                let answers = try await withThrowingTaskGroup(of: Answer.self) { group in
                    for user in users {
                        group.addTask { try await api.put("/Groups/\(id)", Samples.group(name, members: [user])) }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                for answer in answers { answer.expect(200) }
                #expect(
                    Set(answers.map(\.etag)) == Set((2...9).map { "W/\"\($0)\"" }),
                    "every write has a revision of its own")
                #expect(try await api.jobs(of: id).count == 9)
                #expect(try await api.get("/Groups/\(id)").memberIDs.count == 1)
            }
        }
    }
}

extension Answer {
    var memberIDs: [String] { (json["members"]?.arrayValue ?? []).compactMap { $0["value"]?.stringValue } }
}
