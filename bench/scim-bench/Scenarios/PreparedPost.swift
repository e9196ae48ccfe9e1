// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import NIOCore

/// The bytes of a `POST /Users` with the places where the digits of the user name go. They have the same length in every
/// request, so that only these few bytes are written anew.
struct PreparedPost: Sendable {
    let bytes: [UInt8]
    /// From the first byte of the request.
    let places: [Int]

    /// - Parameter prefix: What the user name has before its digits.
    init(target: Target, token: String?, prefix: String) {
        let marker = String(repeating: "~", count: UserNames.digitCount)
        let body = UserDocument.resource(userName: prefix + marker).serialize()
        var head = "POST \(target.path)/Users HTTP/1.1\r\n"
        head += "Host: \(target.authority)\r\n"
        if let token { head += "Authorization: Bearer \(token)\r\n" }
        head += "Content-Type: application/scim+json\r\nAccept: application/scim+json\r\n"
        head += "User-Agent: scim-bench\r\nContent-Length: \(body.count)\r\n\r\n"
        let request = Array(head.utf8) + body
        bytes = request
        places = Self.places(of: Array(marker.utf8), in: request)
    }

    /// Puts the digits into a buffer that holds ``bytes``, or nothing yet.
    func write(_ digits: [UInt8], to request: inout ByteBuffer) {
        if request.readableBytes != bytes.count {
            request.clear()
            request.writeBytes(bytes)
        }
        for place in places { request.setBytes(digits, at: request.readerIndex + place) }
    }

    /// Where `marker` begins in `bytes`, each time.
    static func places(of marker: [UInt8], in bytes: [UInt8]) -> [Int] {
        var places: [Int] = []
        var index = 0
        while index + marker.count <= bytes.count {
            if bytes[index] == marker[0], bytes[index..<index + marker.count].elementsEqual(marker) {
                places.append(index)
                index += marker.count
            } else {
                index += 1
            }
        }
        return places
    }
}
