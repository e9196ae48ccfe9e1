// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import NIOHTTP1

/// Brings the users of a directory into the target through `/Bulk`, as real, accepted writes.
///
/// It may be interrupted and run again: what is there already is found out block by block and left alone.
struct DirectoryLoader: Sendable {
    struct Outcome: Sendable, Equatable {
        var created = 0
        /// Found there.
        var present = 0
        var requests = 0
        var seconds = 0.0
        /// Of each request.
        var latency = LatencySummary()
    }

    private static let attempts = 6
    /// At once.
    private static let lookups = 8
    private static let answerLimit: Duration = .seconds(300)

    let client: SCIMClient
    let users: DirectoryUsers
    let connections: Int
    let deadline: ContinuousClock.Instant

    private var filterOfAll: String { "userName sw \"\(users.prefix)\"" }

    func total() async throws -> Int { try await client.total("/Users", filter: filterOfAll) }

    /// - Parameters:
    ///   - makeBar: Gets how many users are there already.
    func load(_ count: Int, _ makeBar: @Sendable (Int) -> CountBar) async throws -> Outcome {
        let found = try await total()
        guard found < count else { return Outcome(present: count) }
        let bar = makeBar(found)
        defer { bar.end() }
        let blocks = Self.blocks(of: count)
        var missing = blocks
        if found > 0 {
            bar.note("\(found) users are there already; looking for the others")
            missing = try await incomplete(blocks)
        }
        var outcome = Outcome(present: found)
        try await send(missing, bar, &outcome)
        if try await total() < count, missing.count < blocks.count {
            // A block that was there at its ends and in the middle, but not as a whole.
            let left = blocks.filter { block in !missing.contains { $0 == block } }
            bar.note("some are still missing; sending the other blocks, too")
            try await send(left, bar, &outcome)
        }
        let total = try await total()
        guard total >= count else {
            throw BenchFailure("\(count) users were accepted, but the server lists \(total) of them")
        }
        return outcome
    }

    static func blocks(of count: Int) -> [Range<Int>] {
        stride(from: 0, to: count, by: BulkRequest.operations).map { $0..<min($0 + BulkRequest.operations, count) }
    }

    private func checkTime() throws {
        guard ContinuousClock.now < deadline else {
            throw BenchFailure("the time is over. Run again to go on, or allow more --budget-seconds")
        }
    }

    // MARK: - What is there

    /// The blocks of which a user at an end or in the middle is not there.
    private func incomplete(_ blocks: [Range<Int>]) async throws -> [Range<Int>] {
        let areComplete = try await inTurn(blocks.indices, atOnce: Self.lookups) { index in
            try checkTime()
            let block = blocks[index]
            for number in Set([block.lowerBound, (block.lowerBound + block.upperBound) / 2, block.upperBound - 1]) {
                let name = users.user(number).userName
                if try await client.total("/Users", filter: "userName eq \"\(name)\"") == 0 { return false }
            }
            return true
        }
        return zip(blocks, areComplete).filter { !$0.1 }.map(\.0)
    }

    // MARK: - Sending

    private func send(_ blocks: [Range<Int>], _ bar: CountBar, _ outcome: inout Outcome) async throws {
        let began = ContinuousClock.now
        let sent = try await inTurn(blocks.indices, atOnce: connections) { index in
            try checkTime()
            let sent = try await send(blocks[index])
            bar.add(sent.created)
            return sent
        }
        outcome.created += sent.reduce(0) { $0 + $1.created }
        outcome.requests += sent.count
        outcome.seconds += (ContinuousClock.now - began) / .seconds(1)
        if !sent.isEmpty { outcome.latency = LatencySummary(microseconds: sent.map(\.microseconds)) }
    }

    /// Until every user of the block is there; what was created before the last attempt counts as well.
    private func send(_ block: Range<Int>) async throws -> (created: Int, microseconds: Int64) {
        let body = BulkRequest.body(block.lazy.map { users.user($0) })
        var created = 0
        for attempt in 1...Self.attempts {
            let began = ContinuousClock.now
            let answer = try await client.send(.POST, "/Bulk", body: body, limit: Self.answerLimit)
            let microseconds = Int64((ContinuousClock.now - began) / .microseconds(1))
            switch answer.status {
            case 200:
                let result = BulkOutcome(try answer.json(), sent: block.count)
                created += result.created
                if let refusal = result.refusal { throw BenchFailure("a user was refused: \(refusal)") }
                if result.postponed == 0 { return (created, microseconds) }
            case 429, 503: break
            default: throw client.unexpected(answer, to: "POST /Bulk")
            }
            if attempt < Self.attempts { try await Task.sleep(for: .seconds(attempt)) }
        }
        throw BenchFailure("the server is too busy even for \(connections) connections. Run again with fewer to go on")
    }
}
