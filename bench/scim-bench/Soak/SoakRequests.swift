// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import NIOHTTP1

/// Reads, creates and changes in no order: of five requests three are `GET /Users/{id}`, one is `POST /Users`, one is `PATCH /Users/{id}`.
struct SoakRequests: RequestSource {
    enum Series {
        static let read = 0
        static let create = 1
        static let change = 2
    }

    /// Of five requests.
    private static let reads = 3
    private static let kinds = 5

    private let reads: GetRequests
    private let creates: CreateUsers
    private let changes: PatchUsers
    private let seed: UInt64

    /// - Parameter ids: Of the users that are read and changed; at least as many as there are connections.
    init(target: Target, token: String?, ids: [String], names: UserNames, run: Int) {
        seed = names.seed &+ UInt64(truncatingIfNeeded: run)
        reads = GetRequests(target: target, token: token, paths: ids.map { "/Users/\($0)" }, seed: seed)
        creates = CreateUsers(target: target, token: token, names: names, run: run)
        changes = PatchUsers(target: target, token: token, ids: ids, names: names, run: run)
    }

    func session(connection: Int, of connections: Int) -> any RequestSession {
        Session(
            parts: [
                reads.session(connection: connection, of: connections),
                creates.session(connection: connection, of: connections),
                changes.session(connection: connection, of: connections),
            ],
            generator: SeededGenerator(seed: mixed(seed &+ 0x50AC) &+ UInt64(truncatingIfNeeded: connection) << 32))
    }

    private struct Session: RequestSession {
        /// By their series.
        var parts: [any RequestSession]
        var generator: SeededGenerator
        private var current = Series.read
        // Each writes into a buffer of its own: it only changes a few bytes of the one before.
        private var buffers: [ByteBuffer]

        init(parts: [any RequestSession], generator: SeededGenerator) {
            self.parts = parts
            self.generator = generator
            buffers = parts.map { _ in ByteBuffer() }
        }

        /// Of the framing of their answers the others are no different (RFC 9112 section 6.3).
        var method: HTTPMethod { .GET }
        var readsBodies: Bool { false }
        var series: Int? { current }

        mutating func prepare(_ request: inout ByteBuffer) -> Bool {
            let drawn = Int.random(in: 0..<SoakRequests.kinds, using: &generator)
            current = max(0, drawn - SoakRequests.reads + 1)
            guard parts[current].prepare(&buffers[current]) else { return false }
            request = buffers[current]
            return true
        }

        mutating func check(_ head: HTTPResponseHead, body: ByteBuffer?) -> String? {
            let names = ["GET", "POST", "PATCH"]
            return parts[current].check(head, body: body).map { "\(names[current]): \($0)" }
        }
    }
}
