// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import NIOHTTP1

/// `POST /Users`, a new user each.
struct CreateUsers: RequestSource {
    let names: UserNames
    let run: Int
    let post: PreparedPost
    /// One of so many accepted users is kept to be read back; nil: none.
    let sampleInterval: Int?
    /// Of each connection.
    let maximumSamples: Int

    init(
        target: Target, token: String?, names: UserNames, run: Int, sampleInterval: Int? = nil, maximumSamples: Int = 64
    ) {
        self.maximumSamples = maximumSamples
        self.names = names
        self.run = run
        self.sampleInterval = sampleInterval
        post = PreparedPost(target: target, token: token, prefix: names.prefix(run: run))
    }

    func session(connection: Int, of connections: Int) -> any RequestSession {
        Session(source: self, next: UInt64(connection), step: UInt64(connections))
    }

    private struct Session: RequestSession {
        let source: CreateUsers
        var next: UInt64
        let step: UInt64
        var current: UInt64 = 0
        var accepted = 0
        var samples: [ResourceSample] = []

        var method: HTTPMethod { .POST }
        var readsBodies: Bool { false }

        mutating func prepare(_ request: inout ByteBuffer) -> Bool {
            current = next
            next &+= step
            source.post.write(source.names.digits(run: source.run, number: current), to: &request)
            return true
        }

        mutating func check(_ head: HTTPResponseHead, body: ByteBuffer?) -> String? {
            guard head.status == .created else { return "status \(head.status.code)" }
            defer { accepted += 1 }
            if let interval = source.sampleInterval, accepted % interval == 0, samples.count < source.maximumSamples {
                let location = head.headers.first(name: "Location")
                samples.append(
                    ResourceSample(
                        userName: source.names.name(run: source.run, number: current),
                        id: location?.split(separator: "/").last.map { String($0) }))
            }
            return nil
        }
    }
}
