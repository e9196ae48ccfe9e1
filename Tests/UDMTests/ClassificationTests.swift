// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import SCIM
import Testing
import UDM

/// What each answer of UDM means (`udm-rest-api` section 8), told by a server that gives it.
@Suite struct ClassificationTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var status: Int
        var headers: [(String, String)] = []
        var body = ""
        /// Of a create, which writes.
        var write: UDMErrorClass
        /// Of a read, if it differs.
        var read: UDMErrorClass?
        var retryAfter: Duration?

        var testDescription: String { "\(status) \(name)" }
    }

    static let html = "<html><body><h1>502 Bad Gateway</h1></body></html>"

    static let cases: [Case] = [
        Case(name: "malformed", status: 400, body: errorBody(400, message: "HTTP 400: Bad Request"), write: .permanent),
        Case(
            name: "LDAP error", status: 400, body: errorBody(400, message: "LDAP Error: Invalid syntax"),
            write: .transient(retryLimit: 5)),
        Case(
            name: "LDAP busy", status: 400, body: errorBody(400, message: "LDAP Error: Server is busy"),
            write: .transient),
        Case(
            name: "LDAP read-only", status: 400,
            body: errorBody(400, message: "LDAP Error: Server is unwilling to perform: operation restricted"),
            write: .transient),
        Case(
            name: "LDAP lost", status: 400, body: errorBody(400, message: "LDAP Error: Can't contact LDAP server"),
            write: .unknownOutcome, read: .transient),
        Case(
            name: "timeout", status: 400, body: errorBody(400, message: "Timeout of the LDAP server"),
            write: .transient(retryLimit: 5)),
        Case(
            name: "size limit", status: 400, body: errorBody(400, message: "The size limit was exceeded"),
            write: .transient(retryLimit: 5)),
        Case(
            name: "vanished", status: 400, body: errorBody(400, message: "No such object: uid=jroe"), write: .notFound),
        Case(
            name: "primary group", status: 400, body: errorBody(400, message: "This is a primary group."),
            write: .permanent),
        Case(name: "licence", status: 400, body: errorBody(400, message: "Too many user accounts"), write: .permanent),
        Case(
            name: "empty body", status: 401, headers: [("WWW-Authenticate", "Basic realm=\"UDM\"")],
            write: .authentication),
        Case(
            name: "group", status: 403, body: errorBody(403, message: "Not in allowed groups."), write: .authentication),
        Case(name: "permission", status: 403, body: errorBody(403, message: "Permission denied."), write: .permanent),
        Case(name: "unknown", status: 404, body: errorBody(404, message: "HTTP 404: Not Found"), write: .notFound),
        Case(name: "HTML", status: 404, headers: [("Content-Type", "text/html")], body: html, write: .transient),
        Case(name: "nothing", status: 404, write: .transient),
        Case(name: "another service", status: 404, body: #"{"message": "no route"}"#, write: .transient),
        Case(name: "HTML", status: 403, headers: [("Content-Type", "text/html")], body: html, write: .transient),
        Case(name: "mesh", status: 403, body: "RBAC: access denied", write: .transient),
        Case(
            name: "HTML", status: 400, headers: [("Content-Type", "text/html")], body: html,
            write: .transient(retryLimit: 5)),
        Case(name: "nothing", status: 422, write: .transient(retryLimit: 5)),
        Case(name: "accept", status: 406, write: .bug),
        Case(name: "proxy wait", status: 408, write: .transient),
        Case(name: "conflict", status: 409, write: .permanent),
        Case(name: "gone", status: 410, body: errorBody(410), write: .notFound),
        Case(name: "nothing", status: 410, write: .transient),
        Case(
            name: "changed", status: 412, body: errorBody(412, message: "HTTP 412: Precondition Failed"),
            write: .preconditionFailed),
        Case(name: "HTML", status: 413, headers: [("Content-Type", "text/html")], body: html, write: .permanent),
        Case(name: "range", status: 416, write: .bug),
        Case(
            name: "lock", status: 422, body: errorBody(422, [(["body", "dn"], "Object exists: (nolock) jroe")]),
            write: .nameLock),
        Case(
            name: "uid number", status: 422, body: errorBody(422, [(["body", "properties", "uidNumber"], "clash")]),
            write: .transient(retryLimit: 1)),
        Case(
            name: "gid number", status: 422, body: errorBody(422, [(["body", "properties", "gidNumber"], "clash")]),
            write: .transient(retryLimit: 1)),
        Case(
            name: "two numbers", status: 422,
            body: errorBody(422, [(["body", "properties", "uidNumber"], "a"), (["body", "dn"], "(nolock)")]),
            write: .nameLock),
        Case(
            name: "lock and a value", status: 422,
            body: errorBody(422, [(["body", "dn"], "(nolock)"), (["body", "properties", "title"], "bad")]),
            write: .permanent),
        Case(
            name: "name", status: 422,
            body: errorBody(422, [(["body", "dn"], "Object exists: (uid): The username is already in use")]),
            write: .permanent),
        Case(
            name: "without items", status: 422, body: errorBody(422, message: "Object exists: (nolock)"),
            write: .nameLock),
        Case(
            name: "too many", status: 429, headers: [("Retry-After", "7")], write: .transient, retryAfter: .seconds(7)),
        Case(
            name: "exception", status: 500, body: errorBody(500, message: "Internal Server Error"),
            write: .transient(retryLimit: 5)),
        Case(
            name: "no UUID", status: 500, body: errorBody(500, message: "badly formed hexadecimal UUID string"),
            write: .bug),
        Case(name: "not implemented", status: 501, write: .bug),
        Case(
            name: "HTML", status: 502, headers: [("Content-Type", "text/html")], body: html, write: .unknownOutcome,
            read: .transient),
        Case(
            name: "LDAP down", status: 503, headers: [("Retry-After", "15")], body: errorBody(503, message: "LDAP"),
            write: .transient, retryAfter: .seconds(15)),
        Case(
            name: "bare string", status: 503, headers: [("Retry-After", "3")], body: "\"The service is starting\"",
            write: .transient, retryAfter: .seconds(3)),
        Case(name: "HTML", status: 503, headers: [("Content-Type", "text/html")], body: html, write: .transient),
        Case(
            name: "long wait", status: 503, headers: [("Retry-After", "86400")], write: .transient,
            retryAfter: .seconds(3600)),
        Case(
            name: "past date", status: 503, headers: [("Retry-After", "Sun, 06 Nov 1994 08:49:37 GMT")],
            write: .transient, retryAfter: .zero),
        Case(name: "no wait", status: 503, headers: [("Retry-After", "soon")], write: .transient),
        Case(
            name: "HTML", status: 504, headers: [("Content-Type", "text/html")], body: html, write: .unknownOutcome,
            read: .transient),
        Case(name: "tornado", status: 599, write: .unknownOutcome, read: .transient),
        Case(name: "redirect", status: 301, headers: [("Location", "https://login.example.org/")], write: .transient),
    ]

    @Test("an answer to a create", arguments: cases)
    func write(expected: Case) async throws {
        let error = try await withUDM { _ in
            .answer(expected.status, headers: expected.headers, body: expected.body)
        } _: { client, server in
            let error = try await udmError {
                _ = try await client.create(.user, properties: ["username": "jroe"], requestID: requestID)
            }
            // One call is one request: redirects are not followed and nothing is repeated.
            #expect(server.requests.count == 1)
            return error
        }
        #expect(error.class == expected.write)
        #expect(error.status == expected.status)
        #expect(error.retryAfter == expected.retryAfter)
        #expect(!error.detail.isEmpty)
        #expect(!error.detail.contains("<"))
    }

    @Test("an answer to a read", arguments: cases)
    func read(expected: Case) async throws {
        let error = try await withUDM { _ in
            .answer(expected.status, headers: expected.headers, body: expected.body)
        } _: { client, _ in
            try await udmError { _ = try await client.get(.user, dn: roe, requestID: requestID) }
        }
        #expect(error.class == expected.read ?? expected.write)
        #expect(error.dn == roe)
    }

    @Test("the refused property is named, and the object as a whole is not one")
    func properties() async throws {
        let body = errorBody(
            422,
            [
                (["body", "dn"], "Object exists: dn: uid=jroe"),
                (["body", "properties", "mailPrimaryAddress"], "bad"),
                (["body", "properties", "title"], "bad"),
                (["body", "properties", "title"], "worse"),
                (["body", "properties", "properties"], "unnamed"),
                (["body", "position"], "x"),
            ])
        let error = try await failure(422, body)
        #expect(error.property == "mailPrimaryAddress")
        #expect(error.properties == ["mailPrimaryAddress", "title"])
        #expect(error.errors.count == 6)
        #expect(error.refusal == .nameTaken)
        #expect(error.mayBeOwnEarlierTry)
    }

    @Test("a nested group that is not there is named in the call's spelling; the object of the call is another matter")
    func missingGroup() async throws {
        let (crew, inner) = ("cn=crew,cn=groups,dc=example,dc=org", "cn=Inner,cn=groups,dc=example,dc=org")
        for (dn, missing) in [(inner.lowercased(), inner), (crew, nil)] as [(String, String?)] {
            let error = try await withUDM { _ in
                .answer(400, body: errorBody(400, message: "No such object: \(dn)."))
            } _: { client, _ in
                try await udmError {
                    _ = try await client.modify(
                        .group, dn: crew, properties: ["nestedGroup": [.string(inner)]], requestID: requestID)
                }
            }
            #expect(error.missingGroup == missing)
            #expect(error.class == (missing == nil ? .notFound : .transient(retryLimit: 5)))
        }
    }

    struct Refusal: Sendable {
        var location: [String]
        var message: String
        var refusal: UDMRefusal
        var status: Int
        var scimType: SCIMError.ScimType?
    }

    @Test(
        "a refusal in SCIM's terms",
        arguments: [
            Refusal(
                location: ["body", "dn"], message: "Object exists: dn: uid=jroe", refusal: .nameTaken, status: 409,
                scimType: .uniqueness),
            Refusal(
                location: ["body", "dn"],
                message: "Object exists: (uid): The username is already in use as username or as groupname: jroe",
                refusal: .nameTaken, status: 409, scimType: .uniqueness),
            Refusal(
                location: ["body", "dn"],
                message: "Object exists: (group): The groupname is already in use as groupname or as username: a",
                refusal: .nameTaken, status: 409, scimType: .uniqueness),
            Refusal(
                location: ["body", "dn"], message: "Object exists: (nolock)", refusal: .lockHeld, status: 409,
                scimType: .uniqueness),
            Refusal(
                location: ["body", "properties", "mailPrimaryAddress"],
                message: "The mail address is already in use.: a@b", refusal: .mailAddressTaken, status: 409,
                scimType: .uniqueness),
            Refusal(
                location: ["body", "properties", "mailPrimaryAddress"],
                message: "The domain part is not in the list of mail domains", refusal: .other, status: 400,
                scimType: .invalidValue),
            Refusal(
                location: ["body", "properties", "password"], message: "Password policy error: too simple",
                refusal: .passwordPolicy, status: 400, scimType: .invalidValue),
            Refusal(
                location: ["body", "properties", "password"],
                message: "Password has been used before. Please choose a different one.", refusal: .passwordUsedBefore,
                status: 400, scimType: .invalidValue),
            Refusal(
                location: ["body", "properties", "univentionObjectIdentifier"], message: "Value may not change.",
                refusal: .immutable, status: 400, scimType: .mutability),
            Refusal(
                location: ["body", "properties", "memberOf"], message: "Circular group dependency detected: a",
                refusal: .circularGroup, status: 400, scimType: .invalidValue),
            Refusal(
                location: ["body", "properties", "lastname"], message: "The property \"lastname\" is required.",
                refusal: .required, status: 400, scimType: .invalidValue),
            Refusal(
                location: ["body", "properties", "username"], message: "Prohibited username.", refusal: .other,
                status: 400, scimType: .invalidValue),
        ])
    func scim(expected: Refusal) async throws {
        let error = try await failure(422, errorBody(422, [(expected.location, expected.message)]))
        #expect(error.refusal == expected.refusal)
        let scim = error.scimError("create", .user, try #require(LowercaseUUID(requestID)))
        #expect(scim.status == expected.status)
        #expect(scim.scimType == expected.scimType)
        #expect(scim.detail.hasPrefix("UDM refused to create User 5d0c6a4e-"))
        #expect(scim.detail.contains(expected.message))
    }

    @Test(
        "other failures in SCIM's terms",
        arguments: [
            (UDMErrorClass.authentication, 401, 403), (.permanent, 403, 403), (.notFound, 404, 404), (.bug, 500, 500),
            (.transient, 503, 503), (.transient(retryLimit: 5), 500, 500), (.unknownOutcome, 504, 504),
            (.unknownOutcome, 599, 503), (.preconditionFailed, 412, 503), (.transient(retryLimit: 5), 400, 503),
            (.permanent, 400, 400), (.permanent, 413, 400),
        ])
    func scimStatus(class: UDMErrorClass, status: Int, expected: Int) throws {
        let error = UDMError(`class`, status: status, detail: "reason")
        let scim = error.scimError("change", .group, try #require(LowercaseUUID(requestID)))
        #expect(scim.status == expected)
        #expect(scim.scimType == (expected == 400 ? .invalidValue : nil))
        #expect(scim.detail.hasSuffix(": reason"))
    }

    @Test("a failure without an answer is 503 in SCIM's terms")
    func noStatus() throws {
        let error = UDMError(.transient, detail: "not sent: refused")
        #expect(error.scimError("delete", .user, try #require(LowercaseUUID(requestID))).status == 503)
    }

    @Test("UDM's texts are cut to 500 characters")
    func cut() async throws {
        let long = String(repeating: "\u{E4}", count: 2000)
        let error = try await failure(
            422, errorBody(422, [(["body", "properties", "title"], long), (["body", "dn"], long)]))
        #expect(error.errors.allSatisfy { $0.message.count == 500 })
        #expect(error.detail.count == 500)
        #expect(error.reason.count == 500)
        #expect(error.json["errors"]?.arrayValue?.count == 2)
    }

    @Test("a password that was sent is in no text", arguments: ["Geheim-4711", "geh", "/\\\"\u{FC}pass"])
    func withheld(password: String) async throws {
        let body = errorBody(
            422, [(["body", "properties", "password"], "Password policy error: \(password) is weak, \(password)!")],
            message: "1 error: \(password)")
        let error = try await failure(422, body, properties: ["password": .string(password)])
        #expect(!"\(error) \(error.json.text) \(error.reason)".contains(password))
        #expect(error.properties == ["password"])
    }

    @Test("a traceback is in no text")
    func traceback() async throws {
        let body = #"{"error":{"code":500,"title":"x","message":"Internal","traceback":"File secret.py"}}"#
        let error = try await failure(500, body)
        #expect(!"\(error)".contains("secret.py"))
        #expect(error.detail == "Internal")
    }

    @Test("the event's part says what UDM said and where")
    func json() async throws {
        let error = try await failure(422, errorBody(422, [(["body", "dn"], "Object exists: (uid)")]))
        #expect(
            error.json == [
                "httpStatus": 422, "module": "users/user", "dn": nil,
                "errors": [["location": ["body", "dn"], "message": "Object exists: (uid)"]],
            ])
    }

    @Test("only failures of the service count as an outage")
    func outage() {
        let outages: [UDMErrorClass] = [.transient, .unknownOutcome, .authentication]
        let others: [UDMErrorClass] = [
            .permanent, .nameLock, .notFound, .preconditionFailed, .bug, .transient(retryLimit: 1),
        ]
        #expect(outages.map { $0.isOutage } == [true, true, true])
        #expect(!others.contains { $0.isOutage })
    }

    private func failure(_ status: Int, _ body: String, properties: JSONObject = [:]) async throws -> UDMError {
        try await withUDM { _ in
            .answer(status, body: body)
        } _: { client, _ in
            try await udmError {
                _ = try await client.create(.user, properties: properties, requestID: requestID)
            }
        }
    }
}
