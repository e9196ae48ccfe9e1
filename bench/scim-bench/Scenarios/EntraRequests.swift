// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import NIOCore
internal import NIOHTTP1

/// What Microsoft Entra ID sends for a new user and its first change: a filter by `userName` that finds nobody, a POST, a PATCH with the
/// operations in capitals that Entra has without its flag `aadOptscim062020`.
struct EntraRequests: RequestSource {
    enum Series {
        static let match = 0
        static let create = 1
        static let change = 2
        static let names = ["GET /Users?filter=userName eq", "POST /Users", "PATCH /Users/{id}"]
    }

    static let extensionName = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

    let target: Target
    let token: String?
    let names: UserNames
    let run: Int

    func session(connection: Int, of connections: Int) -> any RequestSession {
        Session(source: self, next: UInt64(connection), step: UInt64(connections))
    }

    static func user(_ name: String) -> JSONValue {
        [
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", .string(extensionName)],
            "externalId": .string("entra-\(name)"), "userName": .string(name), "active": true,
            "emails": [["primary": true, "type": "work", "value": .string("\(name)@contoso.example")]],
            "meta": ["resourceType": "User"], "roles": [],
            "name": ["formatted": "A Person", "familyName": "Person", "givenName": "A"],
        ]
    }

    static func change(_ name: String) -> JSONValue {
        func operation(_ kind: String, _ path: String, _ value: JSONValue) -> JSONValue {
            ["op": .string(kind), "path": .string(path), "value": value]
        }
        return [
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [
                operation("Replace", "name.familyName", "Newname"),
                operation("Replace", "emails[type eq \"work\"].value", .string("new.\(name)@contoso.example")),
                operation("Add", "phoneNumbers[type eq \"mobile\"].value", "+1 555 0100"),
                operation("Add", "\(extensionName):department", "Sales"), operation("Replace", "active", "False"),
            ],
        ]
    }

    private struct Session: RequestSession {
        private enum Step { case match, create, change(id: String) }

        let source: EntraRequests
        var next: UInt64
        let step: UInt64
        private var name = ""
        private var current = Step.change(id: "")
        /// Set by the answer.
        private var following = Step.match

        init(source: EntraRequests, next: UInt64, step: UInt64) {
            self.source = source
            self.next = next
            self.step = step
        }

        /// Of the framing of their answers the three are no different (RFC 9112 section 6.3).
        var method: HTTPMethod { .GET }
        var readsBodies: Bool { if case .match = current { true } else { false } }
        var samples: [ResourceSample] = []

        var series: Int? {
            switch current {
            case .match: Series.match
            case .create: Series.create
            case .change: Series.change
            }
        }

        mutating func prepare(_ request: inout ByteBuffer) -> Bool {
            current = following
            // Unless the answer says something else, the next user comes.
            following = .match
            request.clear()
            switch current {
            case .match:
                name = source.names.name(run: source.run, number: next)
                next &+= step
                write("GET", "/Users\(Query.text([("filter", "userName eq \"\(name)\"")]))", nil, to: &request)
            case .create: write("POST", "/Users", EntraRequests.user(name), to: &request)
            case .change(let id): write("PATCH", "/Users/\(id)", EntraRequests.change(name), to: &request)
            }
            return true
        }

        private func write(_ method: String, _ path: String, _ body: JSONValue?, to request: inout ByteBuffer) {
            var head = "\(method) \(source.target.path)\(path) HTTP/1.1\r\nHost: \(source.target.authority)\r\n"
            if let token = source.token { head += "Authorization: Bearer \(token)\r\n" }
            head += "Accept: application/scim+json\r\nUser-Agent: scim-bench\r\n"
            guard let body = body?.serialize() else {
                request.writeString(head + "\r\n")
                return
            }
            request.writeString("\(head)Content-Type: application/scim+json\r\nContent-Length: \(body.count)\r\n\r\n")
            request.writeBytes(body)
        }

        mutating func check(_ head: HTTPResponseHead, body: ByteBuffer?) -> String? {
            switch current {
            case .match:
                guard head.status == .ok else { return "filter: status \(head.status.code)" }
                guard let body, let list = try? JSONValue(parsing: Array(body.readableBytesView)),
                    list["totalResults"]?.integerValue == 0
                else { return "filter: somebody has the name of a new user" }
                following = .create
            case .create:
                guard head.status == .created else { return "POST: status \(head.status.code)" }
                let id = head.headers.first(name: "Location")?.split(separator: "/").last
                guard let id else { return "POST: no Location" }
                if samples.count < 64 { samples.append(ResourceSample(userName: name, id: String(id))) }
                following = .change(id: String(id))
            case .change:
                guard head.status == .ok || head.status == .noContent else {
                    return "PATCH: status \(head.status.code)"
                }
            }
            return nil
        }
    }
}

/// How long the requests of Entra ID take at the pace at which they come.
struct EntraScenario: Scenario {
    let generator: LoadGenerator
    let token: String?
    let names: UserNames
    let verification: AcceptScenario.Verification

    var name: String { "entra" }

    func requests(run: Int) -> any RequestSource {
        EntraRequests(target: generator.target, token: token, names: names, run: run)
    }

    func verify(_ result: LoadResult, run: Int) async throws -> [String] {
        let created = result.accepted(series: EntraRequests.Series.create)
        switch verification {
        case .database(let users):
            let prefix = names.prefix(run: run)
            var problems = try await users.verify(count: created, prefix: prefix, hasMailbox: false)
            let accepted = result.accepted(series: EntraRequests.Series.change)
            let changes = try await users.changes(prefix: prefix)
            if changes != accepted {
                problems.append("\(accepted) changes were accepted, but there are jobs of \(changes)")
            }
            return problems
        case .samples:
            return try await ReadBack(generator: generator, token: token)
                .problems(of: result.samples, accepted: created)
        }
    }
}
