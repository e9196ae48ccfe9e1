// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import NIOCore
internal import NIOHTTP1

/// `POST /Bulk` (RFC 7644 section 3.7), a number of new users in each request. They are the users of ``CreateUsers``.
struct BulkCreates: RequestSource {
    let names: UserNames
    let run: Int
    /// Users of a request.
    let size: Int
    /// One of so many accepted requests is kept to have its users read back; nil: none.
    let sampleInterval: Int?
    private let bytes: [UInt8]
    /// Where the digits go, those of each user one after the other.
    private let places: [Int]

    init(target: Target, token: String?, names: UserNames, run: Int, size: Int, sampleInterval: Int? = nil) {
        self.names = names
        self.run = run
        self.size = size
        self.sampleInterval = sampleInterval
        let marker = String(repeating: "~", count: UserNames.digitCount)
        let user = UserDocument.resource(userName: names.prefix(run: run) + marker)
        let operations = (0..<size).map { number -> JSONValue in
            ["method": "POST", "path": "/Users", "bulkId": .string("u\(number)"), "data": user]
        }
        let request: JSONValue = [
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": .array(operations),
        ]
        let body = request.serialize()
        var head = "POST \(target.path)/Bulk HTTP/1.1\r\nHost: \(target.authority)\r\n"
        if let token { head += "Authorization: Bearer \(token)\r\n" }
        head += "Content-Type: application/scim+json\r\nAccept: application/scim+json\r\n"
        head += "User-Agent: scim-bench\r\nContent-Length: \(body.count)\r\n\r\n"
        bytes = Array(head.utf8) + body
        places = PreparedPost.places(of: Array(marker.utf8), in: bytes)
    }

    func session(connection: Int, of connections: Int) -> any RequestSession {
        Session(source: self, next: UInt64(connection), step: UInt64(connections))
    }

    private struct Session: RequestSession {
        static let maximumSamples = 64

        let source: BulkCreates
        var next: UInt64
        let step: UInt64
        private var current: UInt64 = 0
        private var accepted = 0
        var operations = 0
        var samples: [ResourceSample] = []

        init(source: BulkCreates, next: UInt64, step: UInt64) {
            self.source = source
            self.next = next
            self.step = step
        }

        var method: HTTPMethod { .POST }
        var readsBodies: Bool { true }
        /// Some servers answer with every resource.
        var longestBody: Int { 4096 * source.size }

        private func digits(_ user: Int) -> [UInt8] {
            source.names.digits(run: source.run, number: current * UInt64(source.size) + UInt64(user))
        }

        mutating func prepare(_ request: inout ByteBuffer) -> Bool {
            current = next
            next &+= step
            if request.readableBytes != source.bytes.count {
                request.clear()
                request.writeBytes(source.bytes)
            }
            let each = source.places.count / source.size
            for user in 0..<source.size {
                let digits = digits(user)
                for place in source.places[user * each..<(user + 1) * each] {
                    request.setBytes(digits, at: request.readerIndex + place)
                }
            }
            return true
        }

        mutating func check(_ head: HTTPResponseHead, body: ByteBuffer?) -> String? {
            guard head.status == .ok else { return "status \(head.status.code)" }
            guard let body, let answer = try? JSONValue(parsing: Array(body.readableBytesView)) else {
                return "the answer is no JSON"
            }
            let outcome = BulkOutcome(answer, sent: source.size)
            guard outcome.created == source.size else {
                return
                    "\(outcome.created) of \(source.size) users were accepted: \(outcome.refusal ?? "no reason given")"
            }
            operations = outcome.created
            defer { accepted += 1 }
            if let interval = source.sampleInterval, accepted % interval == 0, samples.count < Self.maximumSamples {
                let location = answer["Operations"]?[0]?["location"]?.stringValue
                let name = source.names.prefix(run: source.run) + String(decoding: digits(0), as: UTF8.self)
                samples.append(
                    ResourceSample(userName: name, id: location?.split(separator: "/").last.map { String($0) }))
            }
            return nil
        }
    }
}

/// How fast new users are accepted when many come in one request.
struct BulkScenario: Scenario {
    let generator: LoadGenerator
    let token: String?
    let names: UserNames
    let size: Int
    let verification: AcceptScenario.Verification

    var name: String { "bulk" }

    func requests(run: Int) -> any RequestSource {
        let interval: Int? = if case .samples = verification { 1 } else { nil }
        return BulkCreates(
            target: generator.target, token: token, names: names, run: run, size: size, sampleInterval: interval)
    }

    /// One request before anything is measured.
    func tryOut(run: Int) async throws {
        let window = LoadWindow(warmUp: .zero, measured: .seconds(30), answerLimit: .seconds(30), maximumRequests: 1)
        let result = try await generator.run(requests(run: run), connections: 1, window: window)
        guard result.accepted == size, result.failures.isEmpty else {
            throw BenchFailure("the first request was not accepted: \(result.firstFailure ?? "no answer")")
        }
        let problems = try await verify(result, run: run)
        guard problems.isEmpty else {
            throw BenchFailure("the first users were accepted, but: \(problems.joined(separator: "; "))")
        }
    }

    func verify(_ result: LoadResult, run: Int) async throws -> [String] {
        switch verification {
        case .database(let users): return try await users.verify(count: result.accepted, prefix: names.prefix(run: run))
        case .samples:
            return try await ReadBack(generator: generator, token: token)
                .problems(of: result.samples, accepted: result.accepted)
        }
    }
}
