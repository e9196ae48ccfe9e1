// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import NIOCore
internal import NIOHTTP1

/// `PATCH /Users/{id}` that replaces `title`, of users drawn at random, by a value that no other request of the bench has.
///
/// Each connection has users of its own, so that it is known which value of a user was accepted last.
struct PatchUsers: RequestSource {
    let ids: [String]
    let run: Int
    let seed: UInt64
    let names: UserNames
    private let head: [UInt8]
    private let rest: [UInt8]
    private let places: [Int]

    /// What every title of the run begins with.
    static func prefix(run: Int) -> String { "title-\(run)-" }

    init(target: Target, token: String?, ids: [String], names: UserNames, run: Int) {
        self.ids = ids
        self.run = run
        self.names = names
        seed = names.seed
        let marker = String(repeating: "~", count: UserNames.digitCount)
        let body = Self.body(title: Self.prefix(run: run) + marker).serialize()
        head = Array("PATCH \(target.path)/Users/".utf8)
        var text = " HTTP/1.1\r\nHost: \(target.authority)\r\n"
        if let token { text += "Authorization: Bearer \(token)\r\n" }
        text += "Content-Type: application/scim+json\r\nAccept: application/scim+json\r\nUser-Agent: scim-bench\r\n"
        rest = Array("\(text)Content-Length: \(body.count)\r\n\r\n".utf8) + body
        places = PreparedPost.places(of: Array(marker.utf8), in: rest)
    }

    /// RFC 7644 section 3.5.2.
    static func body(title: String) -> JSONValue {
        [
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [["op": "replace", "path": "title", "value": .string(title)]],
        ]
    }

    func session(connection: Int, of connections: Int) -> any RequestSession {
        let own = ids.indices.filter { $0 % connections == connection }.map { ids[$0] }
        return Session(
            source: self, ids: own, next: UInt64(connection), step: UInt64(connections),
            generator: SeededGenerator(
                seed: mixed(seed &+ UInt64(run)) &+ UInt64(truncatingIfNeeded: connection) << 32))
    }

    private struct Session: RequestSession {
        static let maximumSamples = 64

        let source: PatchUsers
        let ids: [String]
        var next: UInt64
        let step: UInt64
        var generator: SeededGenerator
        private var id = ""
        private var number: UInt64 = 0
        private var latest: [String: UInt64] = [:]

        init(source: PatchUsers, ids: [String], next: UInt64, step: UInt64, generator: SeededGenerator) {
            self.source = source
            self.ids = ids
            self.next = next
            self.step = step
            self.generator = generator
        }

        var method: HTTPMethod { .PATCH }
        var readsBodies: Bool { false }

        var samples: [ResourceSample] {
            latest.map { id, number in
                let digits = String(decoding: source.names.digits(run: source.run, number: number), as: UTF8.self)
                return ResourceSample(userName: "", id: id, title: PatchUsers.prefix(run: source.run) + digits)
            }
        }

        mutating func prepare(_ request: inout ByteBuffer) -> Bool {
            guard let id = ids.randomElement(using: &generator) else { return false }
            self.id = id
            number = next
            next &+= step
            request.clear()
            request.writeBytes(source.head)
            request.writeString(id)
            let begin = request.writerIndex
            request.writeBytes(source.rest)
            let digits = source.names.digits(run: source.run, number: number)
            for place in source.places { request.setBytes(digits, at: begin + place) }
            return true
        }

        mutating func check(_ head: HTTPResponseHead, body: ByteBuffer?) -> String? {
            guard head.status == .ok || head.status == .noContent else {
                // Nobody knows which value it has now.
                latest[id] = nil
                return "status \(head.status.code)"
            }
            if latest[id] != nil || latest.count < Self.maximumSamples { latest[id] = number }
            return nil
        }
    }
}
