// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import NIOCore
internal import NIOHTTP1

/// `PATCH /Groups/{id}` that adds a member, on a large and on a small group in turn. What was added is removed again before
/// the next one, so that the groups keep their size; removals are not measured.
struct MemberPatches: RequestSource {
    enum Series {
        static let large = 0
        static let small = 1
    }

    let target: Target
    let token: String?
    let largeGroup: String
    let smallGroup: String
    /// Ids of users who are in neither group; used one after the other, again and again.
    let users: [String]

    func session(connection: Int, of connections: Int) -> any RequestSession {
        let own = users.indices.filter { $0 % connections == connection }.map { users[$0] }
        return Session(source: self, users: own)
    }

    /// The body of the PATCH (RFC 7644 section 3.5.2).
    static func body(add: Bool, user: String) -> JSONValue {
        let operation: JSONValue =
            add
            ? ["op": "add", "path": "members", "value": [["value": .string(user)]]]
            : ["op": "remove", "path": .string("members[value eq \"\(user)\"]")]
        return ["schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation]]
    }

    private struct Session: RequestSession {
        private enum Step: CaseIterable { case addToLarge, addToSmall, removeFromLarge, removeFromSmall }

        let source: MemberPatches
        let users: [String]
        private var number = 0
        private var step = Step.addToLarge
        private var user: String?

        init(source: MemberPatches, users: [String]) {
            self.source = source
            self.users = users
        }

        var method: HTTPMethod { .PATCH }
        var readsBodies: Bool { false }

        var series: Int? {
            switch step {
            case .addToLarge: Series.large
            case .addToSmall: Series.small
            case .removeFromLarge, .removeFromSmall: nil
            }
        }

        /// Whoever may still be in a group when the run ends.
        var samples: [ResourceSample] { user.map { [ResourceSample(userName: "", id: $0)] } ?? [] }

        mutating func prepare(_ request: inout ByteBuffer) -> Bool {
            guard !users.isEmpty else { return false }
            step = Step.allCases[number % Step.allCases.count]
            let member = users[number / Step.allCases.count % users.count]
            number += 1
            user = member
            let group = step == .addToLarge || step == .removeFromLarge ? source.largeGroup : source.smallGroup
            let body = MemberPatches.body(add: series != nil, user: member).serialize()
            request.clear()
            request.writeString(
                "PATCH \(source.target.path)/Groups/\(group) HTTP/1.1\r\nHost: \(source.target.authority)\r\n")
            if let token = source.token { request.writeString("Authorization: Bearer \(token)\r\n") }
            request.writeString(
                "Content-Type: application/scim+json\r\nAccept: application/scim+json\r\nUser-Agent: scim-bench\r\n"
                    + "Content-Length: \(body.count)\r\n\r\n")
            request.writeBytes(body)
            return true
        }

        func check(_ head: HTTPResponseHead, body: ByteBuffer?) -> String? {
            // 204 instead of the whole of a large group (RFC 7644 section 3.5.2).
            head.status == .ok || head.status == .noContent ? nil : "status \(head.status.code)"
        }
    }
}
