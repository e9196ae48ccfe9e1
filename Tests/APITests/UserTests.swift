// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Postgres
import SCIM
import Testing

@testable import API

extension OverHTTP {
    @Suite struct UserTests {
        // MARK: Create and read

        @Test func createAnswersWithTheStoredUser() async throws {
            try await withAPI { api in
                let name = Samples.name()
                let answer = try await api.post(
                    "/Users",
                    Samples.user(
                        name,
                        [
                            "externalId": "x-1", "password": "correct horse",
                            "emails": [["value": "a@b.example", "type": "work", "primary": true]],
                        ]))
                answer.expect(201)
                let id = try #require(ResourceID(answer.id))
                #expect(answer.id == id.description, "ids are lower case")
                #expect(id.version == 4)
                #expect(answer.header("Content-Type") == "application/scim+json")
                #expect(answer.header("Location") == "https://scim.example/scim/v2/Users/\(id)")
                #expect(answer.etag == #"W/"1""#)
                let user = answer.json
                #expect(user["schemas"] == [.string(SchemaURN.user)])
                #expect(user["userName"] == .string(name))
                #expect(user["externalId"] == "x-1")
                #expect(user["active"] == true)
                #expect(user["emails"] == [["value": "a@b.example", "type": "work", "primary": true]])
                #expect(user["meta"]?["resourceType"] == "User")
                #expect(user["meta"]?["location"] == .string("https://scim.example/scim/v2/Users/\(id)"))
                #expect(user["meta"]?["version"] == #"W/"1""#)
                #expect(user["meta"]?["created"] == user["meta"]?["lastModified"])
                #expect(!user.contains("password") && !answer.text.contains("correct horse"))
                #expect(!user.contains("groups") && !user.contains(SchemaURN.sync))
            }
        }

        @Test func whatWasAnsweredIsReadBackAtOnce() async throws {
            try await withAPI { api in
                for _ in 0..<20 {
                    let created = try await api.post("/Users", Samples.user(Samples.name()))
                    let read = try await api.get("/Users/\(created.id)")
                    read.expect(200)
                    #expect(read.json == created.json)
                    #expect(read.etag == created.etag)
                    #expect(read.header("Location") == created.header("Location"))
                }
            }
        }

        @Test func readOnlyAttributesOfTheClientAreIgnored() async throws {
            try await withAPI { api in
                let mine = "00000000-0000-4000-8000-000000000001"
                let answer = try await api.post(
                    "/Users",
                    Samples.user(
                        Samples.name(),
                        [
                            "id": .string(mine), "meta": ["version": "W/\"7\"", "created": "x"],
                            "groups": [["value": .string(mine)]],
                        ]))
                answer.expect(201)
                #expect(answer.id != mine)
                #expect(answer.etag == #"W/"1""#)
                #expect(!answer.json.contains("groups"))
                try await api.get("/Users/\(mine)").expect(404)
            }
        }

        @Test func idIsFoundInAnyCase() async throws {
            try await withAPI { api in
                let id = try await api.post("/Users", Samples.user(Samples.name())).id
                let answer = try await api.get("/Users/\(id.uppercased())")
                answer.expect(200)
                #expect(answer.id == id)
            }
        }

        @Test(
            "An id that names nothing is 404",
            arguments: ["00000000-0000-4000-8000-000000000000", "x", "%00", "a%0d%0aX-Evil:%201", "'"])
        func unknownID(id: String) async throws {
            try await withAPI { api in
                try await api.get("/Users/\(id)").expect(404)
                try await api.put("/Users/\(id)", Samples.user(Samples.name())).expect(404)
                try await api.delete("/Users/\(id)").expect(404)
            }
        }

        @Test func aGroupsIDIsNoUsersID() async throws {
            try await withAPI { api in
                let group = try await api.post("/Groups", Samples.group(Samples.name("g"))).id
                try await api.get("/Users/\(group)").expect(404)
                try await api.delete("/Users/\(group)").expect(404)
                try await api.get("/Groups/\(group)").expect(200)
            }
        }

        @Test func headAnswersLikeGetWithoutABody() async throws {
            try await withAPI { api in
                let id = try await api.post("/Users", Samples.user(Samples.name())).id
                let get = try await api.get("/Users/\(id)")
                let head = try await api.send("HEAD", "/Users/\(id)")
                #expect(head.status == 200)
                #expect(head.body.isEmpty)
                #expect(head.etag == get.etag)
                #expect(head.header("Content-Length") == String(get.body.count))
                #expect(try await api.send("HEAD", "/Users/x").status == 404)
            }
        }

        // MARK: Replace

        @Test func replaceReplacesEverything() async throws {
            try await withAPI { api in
                let name = Samples.name()
                let created = try await api.post(
                    "/Users", Samples.user(name, ["title": "Dr.", "externalId": "x", "active": false]))
                let replaced = try await api.put("/Users/\(created.id)", Samples.user(name, ["nickName": "J"]))
                replaced.expect(200)
                #expect(replaced.etag == #"W/"2""#)
                #expect(replaced.id == created.id)
                let user = replaced.json
                #expect(user["nickName"] == "J")
                #expect(user["active"] == true, "PUT without active gives its default")
                #expect(!user.contains("title") && !user.contains("externalId"))
                #expect(user["meta"]?["created"] == created.json["meta"]?["created"])
                #expect(try await api.get("/Users/\(created.id)").json == user)
            }
        }

        @Test func replaceWithTheSameContentIsNoNewRevision() async throws {
            try await withAPI { api in
                let name = Samples.name()
                let created = try await api.post("/Users", Samples.user(name, ["title": "Dr."]))
                let again = try await api.put("/Users/\(created.id)", created.json)
                again.expect(200)
                #expect(again.json == created.json)
                #expect(again.etag == created.etag)
                #expect(try await api.jobs(of: created.id).count == 1)
            }
        }

        @Test func renameFreesTheOldName() async throws {
            try await withAPI { api in
                let (old, new) = (Samples.name(), Samples.name())
                let id = try await api.post("/Users", Samples.user(old)).id
                try await api.put("/Users/\(id)", Samples.user(new)).expect(200)
                try await api.post("/Users", Samples.user(new)).expect(409, scimType: "uniqueness", naming: "userName")
                try await api.post("/Users", Samples.user(old)).expect(201)
            }
        }

        // MARK: Delete

        @Test func deletedUserIsGone() async throws {
            try await withAPI { api in
                let name = Samples.name()
                let id = try await api.post("/Users", Samples.user(name)).id
                let deleted = try await api.delete("/Users/\(id)")
                deleted.expect(204)
                #expect(deleted.body.isEmpty && deleted.header("Content-Length") == nil)
                try await api.get("/Users/\(id)").expect(404)
                try await api.delete("/Users/\(id)").expect(404)
                try await api.put("/Users/\(id)", Samples.user(name)).expect(404)
                let again = try await api.post("/Users", Samples.user(name))
                again.expect(201)
                #expect(again.id != id)
            }
        }

        // MARK: Uniqueness

        @Test func takenUserNameIsRefusedInAnyCase() async throws {
            try await withAPI { api in
                let name = Samples.name()
                try await api.post("/Users", Samples.user(name)).expect(201)
                try await api.post("/Users", Samples.user(name)).expect(409, scimType: "uniqueness", naming: "userName")
                try await api.post("/Users", Samples.user(name.uppercased())).expect(
                    409, scimType: "uniqueness", naming: "userName")
                #expect(try await api.get("/Users?count=0").json["totalResults"] == 1)
            }
        }

        @Test func usersAndGroupsShareTheirNames() async throws {
            try await withAPI { api in
                let name = Samples.name()
                try await api.post("/Users", Samples.user(name)).expect(201)
                try await api.post("/Groups", Samples.group(name)).expect(
                    409, scimType: "uniqueness", naming: "displayName")
            }
        }

        @Test func mailboxBelongsToOneUser() async throws {
            try await withAPI { api in
                let mailbox: JSONObject = ["emails": [["value": "shared@b.example", "type": "mailbox"]]]
                try await api.post("/Users", Samples.user(Samples.name(), mailbox)).expect(201)
                try await api.post("/Users", Samples.user(Samples.name(), mailbox)).expect(
                    409, scimType: "uniqueness", naming: "emails")
                let other = try await api.post("/Users", Samples.user(Samples.name())).id
                try await api.put("/Users/\(other)", Samples.user(Samples.name(), mailbox)).expect(
                    409, scimType: "uniqueness", naming: "emails")
            }
        }

        @Test func ofParallelCreatesOfOneNameOneWins() async throws {
            try await withAPI { api in
                let name = Samples.name()
                let answers = try await withThrowingTaskGroup(of: Answer.self) { group in
                    for index in 0..<16 {
                        let spelling = index.isMultiple(of: 2) ? name : name.uppercased()
                        group.addTask { try await api.post("/Users", Samples.user(spelling)) }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(answers.count { $0.status == 201 } == 1)
                for answer in answers where answer.status != 201 {
                    answer.expect(409, scimType: "uniqueness", naming: "userName")
                }
                #expect(try await api.get("/Users?count=0").json["totalResults"] == 1)
            }
        }

        // MARK: Whose resources

        @Test func externalIdIsTheClientsOwn() async throws {
            try await withAPI { api in
                let id = try await api.post("/Users", Samples.user(Samples.name(), ["externalId": "mine"])).id
                #expect(try await api.get("/Users/\(id)", token: .otherClient).json["externalId"] == nil)
                #expect(try await api.get("/Users/\(id)").json["externalId"] == "mine")
            }
        }

        @Test func tenantsDoNotSeeEachOther() async throws {
            try await withAPI { api in
                let name = Samples.name()
                let id = try await api.post("/Users", Samples.user(name)).id
                try await api.get("/Users/\(id)", token: .otherTenant).expect(404)
                try await api.put("/Users/\(id)", Samples.user(name), token: .otherTenant).expect(404)
                try await api.delete("/Users/\(id)", token: .otherTenant).expect(404)
                #expect(try await api.get("/Users", token: .otherTenant).json["totalResults"] == 0)
                try await api.post("/Users", Samples.user(name), token: .otherTenant).expect(201)
                try await api.get("/Users/\(id)").expect(200)
            }
        }

        // MARK: What an accepted write leaves behind

        @Test func acceptedWritesHaveTheirJobs() async throws {
            try await withAPI { api in
                let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
                let headers = [("X-Request-ID", "req-1"), ("traceparent", trace)]
                let id = try await api.post("/Users", Samples.user(Samples.name()), headers: headers).id
                try await api.put("/Users/\(id)", Samples.user(Samples.name()), headers: [("traceparent", "nonsense")])
                    .expect(200)
                try await api.delete("/Users/\(id)", headers: [("X-Request-ID", "req-3")]).expect(204)
                let jobs = try await api.jobs(of: id)
                #expect(jobs.map(\.operation) == ["create", "modify", "delete"])
                #expect(jobs.map(\.revision) == [1, 2, 3])
                #expect(jobs[0].requestID == "req-1" && jobs[0].traceParent == trace)
                #expect(jobs[1].traceParent == nil && LowercaseUUID(jobs[1].requestID) != nil)
                #expect(jobs[2].requestID == "req-3")
                #expect(jobs.allSatisfy { $0.client == "idp" && $0.tenant == "default" && $0.lane == "interactive" })
            }
        }

        @Test func refusedWritesLeaveNothing() async throws {
            try await withAPI { api in
                let name = Samples.name()
                let id = try await api.post("/Users", Samples.user(name)).id
                try await api.post("/Users", Samples.user(name)).expect(409, scimType: "uniqueness")
                try await api.put("/Users/\(id)", ["schemas": [.string(SchemaURN.user)]]).expect(
                    400, scimType: "invalidValue")
                try await api.delete("/Users/\(id)", headers: [("If-Match", #"W/"9""#)]).expect(412)
                #expect(try await api.jobs(of: id).count == 1)
                #expect(try await api.get("/Users?count=0").json["totalResults"] == 1)
            }
        }

        @Test func passwordIsSealedInItsJob() async throws {
            try await withAPI { api in
                let id = try await api.post("/Users", Samples.user(Samples.name(), ["password": "correct horse"])).id
                let found = try await api.withConnection { connection in
                    try await connection.execute(
                        PostgresStatement(
                            unnamed: """
                                SELECT count(*) FILTER (WHERE secret IS NOT NULL),
                                    count(*) FILTER (WHERE job::text LIKE '%correct%'),
                                    (SELECT count(*) FROM resource r WHERE r::text LIKE '%correct%')
                                FROM job
                                """), [])[0]
                }
                #expect(try found.int(0) == 1 && found.int(1) == 0 && found.int(2) == 0)
                try await api.put("/Users/\(id)", Samples.user(Samples.name(), ["password": "battery staple"])).expect(
                    200)
            }
        }

        @Test func passwordIsRefusedWhereNothingCanSealIt() async throws {
            try await withAPI(hasPasswordKey: false) { api in
                try await api.post("/Users", Samples.user(Samples.name(), ["password": "correct horse"]))
                    .expect(400, scimType: "invalidValue", naming: "password")
                try await api.post("/Users", Samples.user(Samples.name())).expect(201)
                let config = try await api.get("/ServiceProviderConfig")
                #expect(config.json["changePassword"]?["supported"] == false)
            }
        }

        // MARK: Sync status

        @Test func syncStatusIsReturnedOnRequestOnly() async throws {
            try await withAPI { api in
                let created = try await api.post("/Users", Samples.user(Samples.name()))
                let path = "/Users/\(created.id)"
                let whole = try await api.get("\(path)?attributes=\(SchemaURN.sync)")
                whole.expect(200)
                #expect(whole.json[SchemaURN.sync]?["status"] == "pending")
                #expect(whole.json[SchemaURN.sync]?["pendingRevisions"] == 1)
                #expect(whole.json["schemas"]?.arrayValue?.contains(.string(SchemaURN.sync)) == true)
                #expect(!whole.json.contains("userName"))

                let part = try await api.get("\(path)?attributes=userName,\(SchemaURN.sync.uppercased()):status")
                #expect(part.json[SchemaURN.sync] == ["status": "pending"])
                #expect(part.json.contains("userName"))

                let excluded = try await api.get("\(path)?excludedAttributes=emails")
                #expect(!excluded.json.contains(SchemaURN.sync))
                // It changes without a new revision, so it is never "not modified".
                try await api.get("\(path)?attributes=\(SchemaURN.sync)", headers: [("If-None-Match", created.etag)])
                    .expect(200)

                let list = try await api.get("/Users?attributes=\(SchemaURN.sync):status")
                #expect(list.json["Resources"]?[0]?[SchemaURN.sync]?["status"] == "pending")
                let posted = try await api.post("/Users?attributes=\(SchemaURN.sync)", Samples.user(Samples.name()))
                posted.expect(201)
                #expect(posted.json[SchemaURN.sync]?["status"] == "pending")
            }
        }

        @Test func projectionAppliesToEveryAnswerWithAResource() async throws {
            try await withAPI { api in
                let name = Samples.name()
                let created = try await api.post("/Users?attributes=userName", Samples.user(name, ["title": "x"]))
                created.expect(201)
                #expect(Set(created.json.keys) == ["schemas", "id", "userName"])
                #expect(created.header("Location")?.hasSuffix(created.id) == true)
                let replaced = try await api.put(
                    "/Users/\(created.id)?excludedAttributes=title,name.formatted", Samples.user(name, ["title": "y"]))
                #expect(!replaced.json.contains("title") && replaced.json["name"]?["formatted"] == nil)
                #expect(replaced.json["name"]?["familyName"] == "Doe")
                let read = try await api.get("/Users/\(created.id)?attributes=title")
                #expect(read.json["title"] == "y" && read.etag == replaced.etag)
            }
        }
    }
}
