// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import SCIM

/// Which writes go when, on which connection (record 32). It keeps no time and asks no server: ``BatchWriter`` does what it says.
///
/// Each connection has a batch under way at most. One connection is one process in PostgreSQL, which keeps one core busy, so that what has
/// gathered meanwhile goes beside it on another connection, once it is worth a batch.
struct BatchSchedule {
    /// So many have to wait for a second batch to go beside the first, and no write waits for company behind as many: small batches cost more
    /// for each write.
    static let worthBatch = 8
    static let worthGathering = 16
    /// How long a write waits for company at most, when others came at the same time lately. About what a batch of several takes.
    static let longestGathering = Duration.milliseconds(3)
    /// What has waited for so long for batches under way goes beside them, however little it is: they may be held up.
    static let longestPatience = Duration.milliseconds(20)
    /// Whoever writes alone, or with one other, does not wait: there is too little to gain.
    private static let leastCompany = 3.0
    /// Of the company of a batch, what is expected of the next one at least.
    private static let memory = 0.8
    /// After so much time without a write nothing is expected any more.
    private static let longestMemory = Duration.milliseconds(100)

    private let connections: Int
    private var queue = WriteQueue()
    /// By connection: what the batch touches that is under way there, and how many writes it has.
    private var underWay: [Int: (footprint: WriteFootprint, count: Int)] = [:]
    /// A lone write is under way. It ends where its request is answered, and that thread may be busy with something else.
    private var isAlone = false
    /// All that waits touches what is under way.
    private var isBlocked = false
    /// How many writes were there at once lately, waiting or under way.
    private var company = 0.0
    private var lastEnd: ContinuousClock.Instant?
    private(set) var batchCount = 0

    init(connections: Int) {
        precondition(connections > 0, "writes need a connection")
        self.connections = connections
    }

    /// Writes not yet answered, those of batches under way apart.
    var waitingCount: Int { queue.count }

    /// What follows from a change.
    enum Step: Equatable {
        /// The connection is taken: ``BatchSchedule/nextBatch(on:at:)`` has its batch.
        case begin(connection: Int)
        /// Ask again then, if nothing has begun until that time.
        case wait(until: ContinuousClock.Instant)
        /// What waits goes when a batch ends.
        case none
    }

    mutating func append(_ write: PendingWrite) {
        queue.append(write)
        isBlocked = false
    }

    /// What has to happen with what waits.
    mutating func step(at now: ContinuousClock.Instant) -> Step {
        forget(at: now)
        guard !isBlocked, let oldest = queue.oldest, let free = (0..<connections).first(where: { underWay[$0] == nil })
        else { return .none }
        let isBeside = !underWay.isEmpty && !isAlone
        let end = oldest + (isBeside ? Self.longestPatience : Self.longestGathering)
        let isReady = isBeside ? queue.count >= Self.worthBatch : hasGathered(at: now)
        guard isReady || now >= end else { return .wait(until: end) }
        underWay[free] = (WriteFootprint(), 0)
        return .begin(connection: free)
    }

    /// The batch of a connection that was taken for it, or whose last one has ended; nil gives the connection back.
    ///
    /// What waits for a batch on another connection goes on when that one has ended.
    mutating func nextBatch(on connection: Int, at now: ContinuousClock.Instant) -> [PendingWrite]? {
        let isTaken = underWay[connection]?.count == 0
        end(connection, at: now)
        guard isTaken || hasGathered(at: now) else { return nil }
        let batch = queue.takeBatch(beside: underWay.values.map(\.footprint))
        guard !batch.isEmpty else {
            isBlocked = true
            return nil
        }
        underWay[connection] = (WriteFootprint(batch), batch.count)
        batchCount += 1
        return batch
    }

    /// Whether nobody else writes or waits, or has lately; the first connection is taken then.
    mutating func beginAlone(_ operation: WriteOperation, at now: ContinuousClock.Instant) -> Bool {
        forget(at: now)
        guard underWay.isEmpty, queue.count == 0, expectedCompany == nil else { return false }
        var footprint = WriteFootprint()
        footprint.insert(operation)
        underWay[0] = (footprint, 1)
        isAlone = true
        batchCount += 1
        return true
    }

    mutating func endAlone(at now: ContinuousClock.Instant) {
        isAlone = false
        end(0, at: now)
    }

    mutating func takeStale(_ revisions: [ResourceID: Int64]) -> [PendingWrite] { queue.takeStale(revisions) }

    private mutating func end(_ connection: Int, at now: ContinuousClock.Instant) {
        if let ended = underWay[connection], ended.count > 0 {
            let present = queue.count + underWay.values.reduce(0) { $0 + $1.count }
            company = max(Double(present), company * Self.memory)
            lastEnd = now
            isBlocked = false
        }
        underWay[connection] = nil
    }

    private func hasGathered(at now: ContinuousClock.Instant) -> Bool {
        guard let oldest = queue.oldest else { return false }
        guard let expected = expectedCompany else { return true }
        return queue.count >= min(expected, Self.worthGathering) || now >= oldest + Self.longestGathering
    }

    /// How many writes are likely to be there soon; nil when they are not worth waiting for.
    private var expectedCompany: Int? { company >= Self.leastCompany ? Int(company) : nil }

    /// Before the first write after a pause is under way: it would look like one of those before.
    private mutating func forget(at now: ContinuousClock.Instant) {
        if underWay.isEmpty, let lastEnd, now >= lastEnd + Self.longestMemory { company = 0 }
    }
}
