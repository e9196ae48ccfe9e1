// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import NIOHTTP1

/// `GET` of one of the paths, drawn at random, for as long as the run lasts.
struct GetRequests: RequestSource {
    private let requests: [ByteBuffer]
    private let seed: UInt64

    /// - Parameters:
    ///   - paths: Below the base, with their query; at least one.
    init(target: Target, token: String?, paths: [String], seed: UInt64) {
        let authorization = token.map { "Authorization: Bearer \($0)\r\n" } ?? ""
        requests = paths.map { path in
            ByteBuffer(
                string: "GET \(target.path)\(path) HTTP/1.1\r\nHost: \(target.authority)\r\n\(authorization)"
                    + "Accept: application/scim+json\r\nUser-Agent: scim-bench\r\n\r\n")
        }
        self.seed = seed
    }

    func session(connection: Int, of connections: Int) -> any RequestSession {
        Session(
            requests: requests,
            generator: SeededGenerator(seed: mixed(seed) &+ UInt64(truncatingIfNeeded: connection) << 32))
    }

    private struct Session: RequestSession {
        let requests: [ByteBuffer]
        var generator: SeededGenerator

        var method: HTTPMethod { .GET }
        var readsBodies: Bool { false }

        mutating func prepare(_ request: inout ByteBuffer) -> Bool {
            guard let next = requests.randomElement(using: &generator) else { return false }
            request = next
            return true
        }

        func check(_ head: HTTPResponseHead, body: ByteBuffer?) -> String? {
            head.status == .ok ? nil : "status \(head.status.code)"
        }
    }
}
