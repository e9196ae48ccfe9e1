// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import NIOHTTP1

/// Reads by id with creates among them, in no order: four of five are `GET /Users/{id}`, one is `POST /Users`.
struct MixedRequests: RequestSource {
    enum Series {
        static let read = 0
        static let create = 1
        static let names = ["GET /Users/{id}", "POST /Users"]
    }

    /// Reads for each create.
    static let readsPerCreate = 4

    private let reads: GetRequests
    private let creates: CreateUsers
    private let seed: UInt64

    /// - Parameter ids: Of the users that are read; at least one.
    init(target: Target, token: String?, ids: [String], names: UserNames, run: Int, sampleInterval: Int?) {
        seed = names.seed &+ UInt64(truncatingIfNeeded: run)
        reads = GetRequests(target: target, token: token, paths: ids.map { "/Users/\($0)" }, seed: seed)
        creates = CreateUsers(target: target, token: token, names: names, run: run, sampleInterval: sampleInterval)
    }

    func session(connection: Int, of connections: Int) -> any RequestSession {
        Session(
            reads: reads.session(connection: connection, of: connections),
            creates: creates.session(connection: connection, of: connections),
            generator: SeededGenerator(seed: mixed(seed &+ 0x4D1D) &+ UInt64(truncatingIfNeeded: connection) << 32))
    }

    private struct Session: RequestSession {
        var reads: any RequestSession
        var creates: any RequestSession
        var generator: SeededGenerator
        private var isCreate = false
        // The two write into buffers of their own: a create only changes the digits of the one before.
        private var create = ByteBuffer()

        init(reads: any RequestSession, creates: any RequestSession, generator: SeededGenerator) {
            self.reads = reads
            self.creates = creates
            self.generator = generator
        }

        /// Of the framing of its answers a POST is no different (RFC 9112 section 6.3).
        var method: HTTPMethod { .GET }
        var readsBodies: Bool { false }
        var series: Int? { isCreate ? Series.create : Series.read }
        var samples: [ResourceSample] { creates.samples }

        mutating func prepare(_ request: inout ByteBuffer) -> Bool {
            isCreate = Int.random(in: 0...MixedRequests.readsPerCreate, using: &generator) == 0
            guard isCreate else { return reads.prepare(&request) }
            // The one before may still be on its way to the socket.
            guard creates.prepare(&create) else { return false }
            request = create
            return true
        }

        mutating func check(_ head: HTTPResponseHead, body: ByteBuffer?) -> String? {
            let problem = isCreate ? creates.check(head, body: body) : reads.check(head, body: body)
            return problem.map { "\(isCreate ? "POST" : "GET"): \($0)" }
        }
    }
}
