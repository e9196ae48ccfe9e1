// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import MetricsTestKit
import NIOHTTP1
import SCIM
import Testing
import UDM

@Suite struct ClientTests {
    static let identifier = "0b7d7c7e-6a0b-4f5e-9a36-1a2c7ad6b0ce"

    static let roeBody = """
        {"dn": "\(roe)", "objectType": "users/user", "id": "jroe", "uuid": "3f0c2a7e-5f2b-1040-9b1d-1f4f6a5f0c11",
         "position": "cn=users,dc=example,dc=org", "options": {"pki": false}, "policies": {},
         "properties": {"username": "jroe", "lastname": "Roe", "password": null, "disabled": false, "uidNumber": 2011,
         "univentionObjectIdentifier": "\(identifier)"}}
        """

    @Test("every call carries what UDM asks for")
    func headers() async throws {
        try await withUDM { _ in
            .answer(200, headers: [("Etag", "\"abc\"")], body: Self.roeBody)
        } _: { client, server in
            _ = try await client.get(.user, dn: roe, requestID: "call-7")
            let request = try #require(server.requests.first)
            #expect(request.method == "GET")
            #expect(request.uri == "/univention/udm/users/user/uid%3Djroe%2Ccn%3Dusers%2Cdc%3Dexample%2Cdc%3Dorg")
            #expect(request.headers["Accept"] == ["application/json"])
            #expect(request.headers["Accept-Language"] == ["en-US"])
            #expect(request.headers["Authorization"] == ["Basic c3ZjLXNjaW06czNjcmV0IHBhc3M="])
            #expect(request.headers["X-Request-Id"] == [RequestIdentifier.udm(for: "call-7").description])
            #expect(!request.headers.contains { $0.name.lowercased() == "x-call-number" })
            #expect(request.headers["If-Match"].isEmpty)
            #expect(request.headers["Content-Type"].isEmpty)
            #expect(request.body.isEmpty)
        }
    }

    @Test("a read gives the object and its ETag")
    func get() async throws {
        try await withUDM { _ in
            .answer(200, headers: [("Etag", "\"abc\"")], body: Self.roeBody)
        } _: { client, _ in
            let object = try await client.get(.user, dn: roe, requestID: requestID)
            #expect(object.dn == roe)
            #expect(object.identifier == Self.identifier)
            #expect(object.uuid == "3f0c2a7e-5f2b-1040-9b1d-1f4f6a5f0c11")
            #expect(object.position == "cn=users,dc=example,dc=org")
            #expect(object.etag == "\"abc\"")
            #expect(object.properties["uidNumber"] == 2011)
        }
    }

    @Test(
        "a DN arrives as it was sent, whatever is in it",
        arguments: [
            "cn=a/b,dc=org", "cn=a//b,dc=org", "cn=\u{FC}\u{1F600},dc=org", "cn=50% + 1 #?&=,dc=org", "cn=a\\,b,dc=org",
            "cn=a.b~c_d-e,dc=org", "cn=..,dc=org",
        ])
    func oddNames(dn: String) async throws {
        try await withUDM { _ in
            .answer(204)
        } _: { client, server in
            try await client.delete(.group, dn: dn, requestID: requestID)
            let uri = try #require(server.requests.first?.uri)
            let path = try #require(uri.split(separator: "/groups/group/", maxSplits: 1).last)
            #expect(!path.contains("%2F") && !path.contains("//"))
            #expect(DN.pathDecoded(path) == dn)
        }
    }

    @Test("a search by identifier asks for that and for hidden objects too")
    func search() async throws {
        let body = #"{"_embedded": {"udm:object": [\#(Self.roeBody)]}, "results": 1}"#
        try await withUDM { _ in
            .answer(200, body: body)
        } _: { client, server in
            let identifier = try #require(LowercaseUUID(Self.identifier))
            let hits = try await client.search(
                .user, identifier: identifier, properties: ["username"], requestID: requestID)
            #expect(hits.map(\.dn) == [roe])
            #expect(hits.first?.etag == nil)
            #expect(
                server.requests.first?.uri == "/univention/udm/users/user/?filter=univentionObjectIdentifier%3D"
                    + "\(Self.identifier)&hidden=1&properties=univentionObjectIdentifier&properties=username")
        }
    }

    @Test("a search for the DN alone asks for nothing that has to be opened")
    func locate() async throws {
        let body =
            #"{"_embedded": {"udm:object": [{"dn": "cn=crew,dc=x", "objectType": "groups/group"}]}, "results": 1}"#
        try await withUDM { _ in
            .answer(200, body: body)
        } _: { client, server in
            let identifier = try #require(LowercaseUUID(Self.identifier))
            #expect(
                try await client.locate(.group, identifier: identifier, requestID: requestID) == ["cn=crew,dc=x"])
            #expect(
                server.requests.first?.uri == "/univention/udm/groups/group/?filter=univentionObjectIdentifier%3D"
                    + "\(Self.identifier)&hidden=1&properties=dn")
        }
    }

    @Test("a search that finds nothing has no hits")
    func searchWithoutHits() async throws {
        try await withUDM { _ in
            .answer(200, body: #"{"results": 0, "_links": {}}"#)
        } _: { client, server in
            let hits = try await client.search(
                .group, filter: UDMFilter.equality("name", "a & b"), requestID: requestID)
            #expect(hits.isEmpty)
            #expect(server.requests.first?.uri == "/univention/udm/groups/group/?filter=name%3Da%20%26%20b&hidden=1")
        }
    }

    @Test("the default container is the first that has a name")
    func defaultPosition() async throws {
        let body =
            #"{"default-containers": [["", "All containers"], ["cn=users,dc=x", "x:/users"], ["cn=b,dc=x", "b"]]}"#
        try await withUDM { _ in
            .answer(200, body: body)
        } _: { client, server in
            let position = try await client.findDefaultPosition(.user, requestID: requestID)
            #expect(position == "cn=users,dc=x")
            #expect(server.requests.first?.uri == "/univention/udm/users/user/default-containers")
        }
    }

    @Test("a create sends position, properties and options, and learns the new DN")
    func create() async throws {
        try await withUDM { configuration in
            configuration.userPosition = "cn=people,dc=example,dc=org"
        } respond: { _ in
            .answer(
                201, headers: [("Etag", "\"1\""), ("Location", "https://id.example.org/udm/users/user/x")],
                body: #"{"dn": "\#(roe)", "uuid": "3f0c2a7e-5f2b-1040-9b1d-1f4f6a5f0c11", "_links": {}}"#)
        } _: { client, server in
            let written = try await client.create(
                .user, properties: ["username": "jroe", "univentionObjectIdentifier": .string(Self.identifier)],
                options: ["pki": true], requestID: requestID)
            #expect(written == UDMWritten(dn: roe, uuid: "3f0c2a7e-5f2b-1040-9b1d-1f4f6a5f0c11", etag: "\"1\""))
            let request = try #require(server.requests.first)
            #expect(request.method == "POST")
            #expect(request.uri == "/univention/udm/users/user/")
            #expect(request.headers["Content-Type"] == ["application/json"])
            #expect(request.headers["X-Request-Id"] == [requestID])
            let sent = try json(request.body)
            #expect(
                sent == [
                    "properties": ["username": "jroe", "univentionObjectIdentifier": .string(Self.identifier)],
                    "position": "cn=people,dc=example,dc=org", "options": ["pki": true],
                ])
        }
    }

    @Test("a create without a position leaves it to UDM, and one named wins over the configured one")
    func position() async throws {
        try await withUDM {
            $0.groupPosition = "cn=a,dc=x"
        } respond: { _ in
            .answer(201, body: #"{"dn": "cn=g,dc=x"}"#)
        } _: { client, server in
            _ = try await client.create(.user, properties: [:], requestID: requestID)
            _ = try await client.create(.group, position: "cn=b,dc=x", properties: [:], requestID: requestID)
            let sent = try server.requests.map { try json($0.body) }
            #expect(sent[0]["position"] == nil)
            #expect(sent[0]["options"] == nil)
            #expect(sent[1]["position"] == "cn=b,dc=x")
        }
    }

    @Test(
        "an identifier that UDM cannot take is not sent",
        arguments: [
            "0B7D7C7E-6A0B-4F5E-9A36-1A2C7AD6B0CE", "0b7d7c7e-6a0b-5f5e-9a36-1a2c7ad6b0ce",
            "0b7d7c7e-6a0b-7f5e-9a36-1a2c7ad6b0ce", "jroe", "",
        ])
    func badIdentifier(identifier: String) async throws {
        try await withUDM { _ in
            .answer(500)
        } _: { client, server in
            let error = try await udmError {
                _ = try await client.create(
                    .user, properties: ["univentionObjectIdentifier": .string(identifier)], requestID: requestID)
            }
            #expect(error.class == .bug)
            #expect(server.requests.isEmpty)
        }
    }

    @Test("a change sends only the properties, and a rename tells the new DN")
    func modify() async throws {
        let location = "https://other.example.org/udm/users/user/uid%3Djo%2Froe%2Ccn%3Dusers,dc=example,dc=org"
        try await withUDM { _ in
            .answer(204, headers: [("Location", location), ("Etag", "\"2\"")])
        } _: { client, server in
            let written = try await client.modify(
                .user, dn: roe, properties: ["username": "jo/roe", "title": nil], ifMatch: "\"1\"", requestID: requestID
            )
            #expect(written == UDMWritten(dn: "uid=jo/roe,cn=users,dc=example,dc=org", etag: "\"2\""))
            let request = try #require(server.requests.first)
            #expect(request.method == "PATCH")
            #expect(request.headers["If-Match"] == ["\"1\""])
            #expect(try json(request.body) == ["properties": ["username": "jo/roe", "title": nil]])
        }
    }

    @Test("a change of something else keeps the DN, whatever Location says")
    func modifyBelowSlash() async throws {
        let dn = "uid=jo,ou=A/B,dc=example,dc=org"
        try await withUDM { _ in
            .answer(
                204, headers: [("Location", "https://x/udm/users/user/uid=jo,ou=A/uid=jo,ou=A/B,dc=example,dc=org")])
        } _: { client, _ in
            let written = try await client.modify(.user, dn: dn, properties: ["title": "Lead"], requestID: requestID)
            #expect(written.dn == dn)
        }
    }

    @Test("a call goes on with the trace of the write that it is made for", arguments: [nil, "00-ab-cd-01"])
    func trace(parent: String?) async throws {
        try await withUDM { _ in
            .answer(204)
        } _: { client, server in
            try await UDMTrace.$parent.withValue(parent) {
                try await client.delete(.user, dn: roe, requestID: requestID)
            }
            #expect(server.requests.first?.headers["traceparent"] == (parent.map { [$0] } ?? []))
        }
    }

    @Test("a change without Location keeps the DN, and warnings come along")
    func warnings() async throws {
        let body = #"{"_embedded": {"udm:warning": [{"message": "country was dropped"}]}}"#
        try await withUDM { _ in
            .answer(200, body: body)
        } _: { client, _ in
            let written = try await client.modify(.user, dn: roe, properties: ["country": "ZZ"], requestID: requestID)
            #expect(written == UDMWritten(dn: roe, warnings: ["country was dropped"]))
        }
    }

    @Test("a delete has no body, and what is gone already is said")
    func delete() async throws {
        try await withUDM { request in
            request.headers["If-Match"].isEmpty ? .answer(404, body: errorBody(404)) : .answer(204)
        } _: { client, server in
            try await client.delete(.user, dn: roe, ifMatch: "\"1\"", requestID: requestID)
            let error = try await udmError { try await client.delete(.user, dn: roe, requestID: requestID) }
            #expect(error.class == .notFound)
            #expect(server.requests.map(\.method) == ["DELETE", "DELETE"])
            #expect(server.requests.allSatisfy { $0.body.isEmpty })
        }
    }

    @Test("a probe asks for the base, and a page that is not UDM's fails it")
    func probe() async throws {
        try await withUDM { _ in
            .answer(200, body: #"{"_links": {}}"#)
        } _: { client, server in
            try await client.probe()
            #expect(server.requests.first?.uri == "/univention/udm/")
        }
        try await withUDM { _ in
            .answer(200, headers: [("Content-Type", "text/html")], body: "<html>Welcome</html>")
        } _: { client, _ in
            let error = try await udmError { try await client.probe() }
            #expect(error.class == .transient)
        }
    }

    @Test(
        "an object is looked for at the address that UDM has for it, and a page of something in between says nothing about it"
    )
    func exists() async throws {
        try await withUDM { request in
            switch request.uri.split(separator: "/").last {
            case "cn%3Dthere%2Cdc%3Dx":
                .answer(301, headers: [("Location", "https://x/udm/groups/group/cn%3Dthere,dc=x")])
            case "cn%3Dgone%2Cdc%3Dx": .answer(404, body: errorBody(404))
            default: .answer(404, headers: [("Content-Type", "text/html")], body: "<html>nginx</html>")
            }
        } _: { client, _ in
            #expect(try await client.exists(dn: "cn=there,dc=x", requestID: requestID))
            #expect(try await !client.exists(dn: "cn=gone,dc=x", requestID: requestID))
            let error = try await udmError { _ = try await client.exists(dn: "cn=lost,dc=x", requestID: requestID) }
            #expect(error.class == .transient)
        }
    }

    @Test("the base is what ldap/base/ redirects to; a redirect to elsewhere is none")
    func base() async throws {
        let locations = ["https://x/univention/udm/container/dc/dc%3DExample%2Cdc%3Dorg", "https://login.example.org/"]
        for (location, base) in zip(locations, ["dc=Example,dc=org", nil]) {
            try await withUDM { _ in
                .answer(301, headers: [("Location", location)])
            } _: { client, server in
                if let base {
                    let found = try await client.findBase(requestID: requestID)
                    #expect(found == base)
                } else {
                    let error = try await udmError { _ = try await client.findBase(requestID: requestID) }
                    #expect(error.class == .transient)
                }
                #expect(server.requests.map(\.uri) == ["/univention/udm/ldap/base/"])
            }
        }
    }

    @Test("the template for new objects in the container tells what properties there are")
    func findProperties() async throws {
        try await withUDM {
            $0.userPosition = "ou=a b,dc=x"
        } respond: { request in
            request.uri.hasSuffix("default-containers")
                ? .answer(200, body: #"{"default-containers": [["", "All"], ["cn=groups,dc=x", "groups"]]}"#)
                : .answer(200, body: #"{"properties": {"name": null, "users": []}}"#)
        } _: { client, server in
            for module in UDMModule.allCases {
                let properties = try await client.findProperties(module, requestID: requestID)
                #expect(properties == ["name", "users"])
            }
            #expect(
                server.requests.map(\.uri) == [
                    "/univention/udm/users/user/add?position=ou%3Da%20b%2Cdc%3Dx",
                    "/univention/udm/groups/group/default-containers",
                    "/univention/udm/groups/group/add?position=cn%3Dgroups%2Cdc%3Dx",
                ])
        }
    }

    @Test("300 Link headers of 200 bytes are read, on every connection")
    func manyHeaders() async throws {
        let links = (0..<300).map {
            ("Link", "<https://id.example.org/\($0)/\(String(repeating: "x", count: 160))>; rel=\"r\"")
        }
        try await withUDM { _ in
            .answer(200, headers: links, body: Self.roeBody)
        } _: { client, server in
            try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<8 {
                    group.addTask { try await client.get(.user, dn: roe, requestID: requestID).dn }
                }
                for try await dn in group { #expect(dn == roe) }
            }
            // A connection goes on being used after such an answer.
            _ = try await client.get(.user, dn: roe, requestID: requestID)
            #expect(server.requests.count == 9)
        }
    }

    @Test("one header of 60 kB is read too")
    func longHeader() async throws {
        let long = [("Link-Template", String(repeating: "x", count: 60_000))]
        try await withUDM { _ in
            .answer(200, headers: long, body: Self.roeBody)
        } _: { client, _ in
            _ = try await client.get(.user, dn: roe, requestID: requestID)
        }
    }

    @Test("headers without end are refused")
    func endlessHeaders() async throws {
        let links = (0..<5000).map { ("Link", "\($0)") }
        try await withUDM { _ in
            .answer(200, headers: links, body: Self.roeBody)
        } _: { client, _ in
            let error = try await udmError { _ = try await client.get(.user, dn: roe, requestID: requestID) }
            #expect(error.class == .transient)
        }
    }

    @Test("a group of 50,000 members is read")
    func largeGroup() async throws {
        let users = (0..<50_000).map { JSONValue.string("uid=user\($0),cn=users,dc=example,dc=org") }
        let group: JSONValue = ["dn": "cn=all,dc=x", "properties": ["name": "all", "users": .array(users)]]
        let body = group.text
        try await withUDM { _ in
            .answer(200, body: body)
        } _: { client, _ in
            let object = try await client.get(.group, dn: "cn=all,dc=x", requestID: requestID)
            #expect(object.properties["users"]?.arrayValue?.count == 50_000)
        }
    }

    @Test("a body over the limit is refused on a read, and does not undo a write")
    func tooLarge() async throws {
        let body = #"{"dn": "\#(roe)", "padding": "\#(String(repeating: "x", count: 5000))"}"#
        try await withUDM {
            $0.maximumAnswerBytes = 4096
        } respond: { request in
            request.method == "GET"
                ? .answer(200, body: body)
                : .answer(201, headers: [("Location", "/udm/users/user/uid%3Djroe")], body: body)
        } _: { client, _ in
            let error = try await udmError { _ = try await client.get(.user, dn: roe, requestID: requestID) }
            #expect(error.class == .permanent)
            let written = try await client.create(.user, properties: [:], requestID: requestID)
            #expect(written.dn == "uid=jroe")
        }
    }

    @Test("calls are counted by method, resource type and class, and timed")
    func metrics() async throws {
        let metrics = TestMetrics()
        try await withUDM(metrics: metrics) { request in
            request.method == "GET" ? .answer(200, body: Self.roeBody) : .answer(503)
        } _: { client, _ in
            _ = try await client.get(.user, dn: roe, requestID: requestID)
            _ = try await client.get(.user, dn: roe, requestID: requestID)
            _ = try await udmError { try await client.delete(.group, dn: "cn=g", requestID: requestID) }
        }
        let read = [("method", "GET"), ("resource", "User"), ("class", "ok")]
        let deleted = [("method", "DELETE"), ("resource", "Group"), ("class", "transient")]
        #expect(try metrics.expectCounter("udm_requests_total", read).totalValue == 2)
        #expect(try metrics.expectCounter("udm_requests_total", deleted).totalValue == 1)
        #expect(try metrics.expectCounter("udm_request_errors_total", deleted).totalValue == 1)
        #expect(throws: (any Error).self) { try metrics.expectCounter("udm_request_errors_total", read) }
        let timer = try metrics.expectTimer("udm_request_duration_seconds", read)
        #expect(timer.values.count == 2)
        #expect(timer.values.allSatisfy { $0 > 0 })
    }
}
