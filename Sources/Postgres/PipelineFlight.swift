// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// A request in the driver's hands.
struct QueuedRequest {
    let request: PipelineRequest
    /// A neighbour failed: it gets a sync of its own now.
    var isAlone = false
    /// One of its prepared statements had gone; that is put right once.
    var isSecondTry = false

    var needsOwnGroup: Bool { isAlone || request.isTransaction }
}

/// What has been sent and not been answered yet: groups of requests, each ended by a sync, in the order in which the
/// server will answer.
struct PipelineFlight {
    struct Entry {
        var queued: QueuedRequest
        var results: [PostgresResult] = []
        var error: PostgresError?
        var isStale = false
        var isAborted = false
        var isAnswered = false

        var hasAllResults: Bool { results.count == queued.request.commands.count && error == nil && !isAborted }
    }

    /// The entries of one implicit transaction.
    struct Group {
        let entries: Range<Int>
        /// What the server said at the sync itself, such as a deferred constraint.
        var syncError: PostgresError?
        var isSent = false
        var isDone = false
    }

    /// Several entries of one command share a statement.
    enum Expectation {
        case prepare(entries: Range<Int>, PostgresStatement, name: String)
        case command(entries: Range<Int>, PostgresStatement)
        case sync(group: Int)
    }

    var entries: [Entry] = []
    var groups: [Group] = []
    private var expectations: [Expectation] = []
    private var position = 0

    mutating func reserve(entries entryCount: Int, commands: Int) {
        entries.reserveCapacity(entryCount)
        expectations.reserveCapacity(commands + 1)
    }

    mutating func addGroup(of requests: some Collection<QueuedRequest>) {
        let start = entries.count
        for queued in requests { entries.append(Entry(queued: queued)) }
        groups.append(Group(entries: start..<entries.count))
    }

    mutating func expect(_ expectation: Expectation) { expectations.append(expectation) }

    var next: Expectation? { position < expectations.count ? expectations[position] : nil }

    mutating func advance() { position += 1 }

    /// The group that the next answer belongs to.
    var currentGroup: Int {
        switch next {
        case .sync(let group): group
        case .prepare(let entries, _, _), .command(let entries, _):
            groups.firstIndex { $0.entries.contains(entries.lowerBound) } ?? groups.endIndex
        case nil: groups.endIndex
        }
    }
}
