// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import Logging
internal import Metrics
package import ServiceLifecycle
package import Storage

/// The care for indexes and statistics, which PostgreSQL itself would see to within the writes of clients or a minute too late (record 29).
///
/// One process that serves requests has it at a time, so that it goes on while no worker runs.
package struct UpkeepDuty: Service {
    private let store: UpkeepStore
    private let leadership: Leadership
    private let logger: Logger
    private let leads = Gauge(label: "scim_leader", dimensions: [("duty", "upkeep")])

    /// Between two tries to have the duty.
    private static let retry = Duration.seconds(5)
    /// After a failure.
    private static let pause = Duration.seconds(10)

    package init(store: UpkeepStore, leadership: Leadership, logger: Logger) {
        self.store = store
        self.leadership = leadership
        self.logger = logger
    }

    package func run() async throws {
        leads.record(0)
        await cancelWhenGracefulShutdown {
            var upkeep = Upkeep(store: store, logger: logger)
            while !Task.isCancelled {
                let isLeader = await leadership.hold()
                leads.record(isLeader ? 1 : 0)
                let wait = isLeader ? await turn(&upkeep) : Self.retry
                try? await Task.sleep(for: wait)  // only cancellation ends it early, and the loop looks at that
            }
        }
        await leadership.resign()
        leads.record(0)
    }

    /// - Returns: How long to rest.
    private func turn(_ upkeep: inout Upkeep) async -> Duration {
        do {
            return try await upkeep.turn()
        } catch {
            if !Task.isCancelled {
                logger.warning("The upkeep failed and will be tried again", metadata: ["error": "\(error)"])
            }
            return Self.pause
        }
    }
}

/// What there is to do, turn by turn.
struct Upkeep {
    private let store: UpkeepStore
    private let logger: Logger
    private let cleaning: Timer
    private let analysing: Timer
    /// Until when a table is not looked at again.
    private var rests: [String: ContinuousClock.Instant] = [:]
    private var lastCleaning: ContinuousClock.Instant?
    private var toldOfOwner = false

    init(store: UpkeepStore, logger: Logger, factory: any MetricsFactory = MetricsSystem.factory) {
        self.store = store
        self.logger = logger
        func timer(_ duty: String) -> Timer {
            Timer(label: "scim_upkeep_duration_seconds", dimensions: [("duty", duty)], factory: factory)
        }
        cleaning = timer("pending_list")
        analysing = timer("statistics")
    }

    /// An empty list and tables that have not grown cost two short statements.
    /// - Returns: How long to rest.
    @discardableResult
    mutating func turn(at now: ContinuousClock.Instant = .now) async throws -> Duration {
        let findings = try await store.findings()
        guard findings.isOwner else {
            if !toldOfOwner {
                logger.warning(
                    "The tables belong to another role of PostgreSQL; indexes and statistics are left to writes and autovacuum"
                )
            }
            toldOfOwner = true
            return Self.usualRest
        }
        // First: an index with a long list looks slow to plans.
        var rest = try await clean()
        for table in findings.outgrown where rests[table].map({ now >= $0 }) ?? true {
            do {
                try await analyze(table, at: now)
            } catch {
                if Task.isCancelled { throw error }
                logger.warning(
                    "A table that has outgrown its statistics could not be analysed",
                    metadata: ["table": "\(table)", "error": "\(error)"])
            }
            // Writes went on meanwhile.
            rest = try await clean()
        }
        return rest
    }

    /// - Returns: How long to rest.
    private mutating func clean() async throws -> Duration {
        let begin = ContinuousClock.now
        let interval = lastCleaning.map { $0.duration(to: begin) }
        // Unknown after one that failed, and when somebody else has the index.
        lastCleaning = nil
        guard let pages = try await store.cleanPendingList() else { return Self.usualRest }
        lastCleaning = begin
        cleaning.record(duration: begin.duration(to: .now))
        return Self.rest(after: pages, since: interval)
    }

    private static let usualRest = Duration.seconds(1)
    private static let longestRest = Duration.seconds(4)
    private static let shortestRest = Duration.milliseconds(500)
    /// A half of what the list may have before a write empties it.
    private static let pagesAtOnce = 256

    /// As long as lets the list grow to half of its limit, if writes go on as they did: what a cleaning costs hardly depends on how much it moves.
    /// - Parameters:
    ///   - pages: What the list had.
    ///   - interval: From the cleaning before this one; nil when this was the first. After a longer one somebody else had the duty.
    static func rest(after pages: Int, since interval: Duration?) -> Duration {
        guard pages > 0, let interval, interval <= longestRest * 2 else { return usualRest }
        return min(max(shortestRest, interval * pagesAtOnce / pages), longestRest)
    }

    private mutating func analyze(_ table: String, at now: ContinuousClock.Instant) async throws {
        let begin = ContinuousClock.now
        // Also after a failure, which may have taken long.
        defer {
            let length = begin.duration(to: .now)
            rests[table] = now + length + Self.pause(after: length)
        }
        guard try await store.analyze(table) else { return }
        analysing.record(duration: begin.duration(to: .now))
        logger.info("A table had outgrown its statistics", metadata: ["table": "\(table)"])
    }

    /// However fast a table grows, its statistics take at most a twentieth of the time.
    static func pause(after length: Duration) -> Duration { max(.seconds(5), length * 20) }
}
