// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import JSON
internal import NIOCore
internal import NIOHTTP1

/// `POST users/user/` straight to UDM, a new user each: what a client that does nothing else reaches with so many connections.
struct DirectUDMCreates: RequestSource {
    private let bytes: [UInt8]
    private let places: [Int]

    /// - Parameters:
    ///   - credentials: `user:password`.
    ///   - prefix: Of all names, another one for each run.
    init(target: Target, credentials: String, prefix: String) {
        let marker = String(repeating: "~", count: UserNames.digitCount)
        let name = prefix + marker
        let properties: JSONValue = [
            "username": .string(name), "lastname": "Bench", "firstname": "Direct", "password": "bench-Pa55word.1",
            "displayName": "Direct Bench", "mailPrimaryAddress": .string("\(name)@bench.example"),
        ]
        let body = (["properties": properties] as JSONValue).serialize()
        var head = "POST \(target.path)/users/user/ HTTP/1.1\r\nHost: \(target.authority)\r\n"
        head += "Authorization: Basic \(Data(credentials.utf8).base64EncodedString())\r\n"
        head += "Content-Type: application/json\r\nAccept: application/json\r\nAccept-Language: en-US\r\n"
        head += "User-Agent: scim-bench\r\nContent-Length: \(body.count)\r\n\r\n"
        bytes = Array(head.utf8) + body
        places = PreparedPost.places(of: Array(marker.utf8), in: bytes)
    }

    func session(connection: Int, of connections: Int) -> any RequestSession {
        Session(source: self, next: UInt64(connection), step: UInt64(connections))
    }

    private struct Session: RequestSession {
        let source: DirectUDMCreates
        var next: UInt64
        let step: UInt64

        var method: HTTPMethod { .POST }
        var readsBodies: Bool { false }

        mutating func prepare(_ request: inout ByteBuffer) -> Bool {
            let digits = String(next)
            let padded = String(repeating: "0", count: max(0, UserNames.digitCount - digits.count)) + digits
            next &+= step
            if request.readableBytes != source.bytes.count {
                request.clear()
                request.writeBytes(source.bytes)
            }
            for place in source.places { request.setBytes(Array(padded.utf8), at: request.readerIndex + place) }
            return true
        }

        func check(_ head: HTTPResponseHead, body: ByteBuffer?) -> String? {
            head.status == .created ? nil : "status \(head.status.code)"
        }
    }
}
