// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import NIOCore
internal import NIOHTTP1

/// `GET /Users/{id}` for each of the samples, once; the answer must carry the sample's `title` if it has one, otherwise its `userName`.
struct ReadUsers: RequestSource {
    let target: Target
    let token: String?
    /// Those without an id are left out.
    let samples: [ResourceSample]

    func session(connection: Int, of connections: Int) -> any RequestSession {
        let readable = samples.filter { $0.id != nil }
        let own = readable.indices.filter { $0 % connections == connection }.map { readable[$0] }
        return Session(source: self, waiting: own[...])
    }

    private struct Session: RequestSession {
        let source: ReadUsers
        var waiting: ArraySlice<ResourceSample>
        var current: ResourceSample?

        var method: HTTPMethod { .GET }
        var readsBodies: Bool { true }

        mutating func prepare(_ request: inout ByteBuffer) -> Bool {
            guard let sample = waiting.popFirst(), let id = sample.id else { return false }
            current = sample
            request.clear()
            request.writeString(
                "GET \(source.target.path)/Users/\(id) HTTP/1.1\r\nHost: \(source.target.authority)\r\n")
            if let token = source.token { request.writeString("Authorization: Bearer \(token)\r\n") }
            request.writeString("Accept: application/scim+json\r\nUser-Agent: scim-bench\r\n\r\n")
            return true
        }

        func check(_ head: HTTPResponseHead, body: ByteBuffer?) -> String? {
            guard head.status == .ok else { return "reading back: status \(head.status.code)" }
            guard let body, let user = try? JSONValue(parsing: Array(body.readableBytesView)) else {
                return "reading back: no user"
            }
            if let title = current?.title {
                return user["title"]?.stringValue == title ? nil : "reading back: another title"
            }
            return user["userName"]?.stringValue == current?.userName ? nil : "reading back: another user, or none"
        }
    }
}
