// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import Logging
package import Postgres
package import SCIM

/// What the storage of a process is built from.
package struct StorageConfiguration: Sendable {
    package var postgres: PostgresConfiguration
    /// Seals passwords; nil in a process that accepts none.
    package var sealer: SecretSealer?
    package var rules: DirectoryRules
    /// Connections for lists that are planned for their values, and as many for those that are not.
    package var listPoolSize = 4
    /// Connections for answers that are read from the database while they are sent: of large groups.
    package var streamPoolSize = 4
    /// Connections for the outcomes of turns. One suffices as long as many of them share a transaction; the others are for those that do not.
    package var outcomeConnections = 4
    /// Connections for transactions of several steps.
    package var exclusivePoolSize = 4
    /// How long a call waits for a connection of a pool, or for a pipeline that is busy (queue-patterns section 11).
    package var poolWaitTimeout: Duration = .seconds(2)
    /// For writes, which are better late than refused.
    package var exclusiveWaitTimeout: Duration = .seconds(10)
    /// A row locked elsewhere never holds the writer for longer.
    package var writerLockTimeout: Duration = .milliseconds(200)
    package var listTimeout: Duration = .seconds(20)
    /// Until a client has taken the whole of a streamed answer.
    package var longestStream: Duration = .seconds(300)
    /// While a client takes nothing of it.
    package var longestStreamPause: Duration = .seconds(30)
    /// Whether change events are written with the acceptance (`EVENTS_EMIT_ON=accepted`) and not with the outcome.
    package var emitsOnAcceptance = false
    /// Of the workers (`LEASE_SECONDS`): what keeps leases must fail, and be tried again, well before they end.
    package var leaseLength: Duration = .seconds(15)
    /// How long UDM may go on with a request that nobody waits for any more (`UDM_REQUEST_LIMIT`).
    package var udmRequestLimit: Duration = .seconds(311)

    package init(postgres: PostgresConfiguration, sealer: SecretSealer?, rules: DirectoryRules) {
        self.postgres = postgres
        self.sealer = sealer
        self.rules = rules
    }
}

extension StorageConfiguration {
    /// For what must be answered within a lease: a renewal that hangs leaves room for a second one.
    var turns: PostgresConfiguration {
        var turns = postgres
        let share = leaseLength / 4
        turns.statementTimeout = min(turns.statementTimeout ?? share, .seconds(3), share)
        turns.lockTimeout = min(turns.lockTimeout ?? .seconds(1), .seconds(1), share)
        turns.responseTimeout = min(turns.responseTimeout ?? share, share)
        return turns
    }
}

/// The connections of one process to PostgreSQL and what is done with them: two writers for accepted writes, one for members of groups; some for
/// the workers' outcomes, one to take leases, one to keep them, one for their reads; two for events; two pipelined readers for clients; and
/// small pools, one of them for upkeep (DESIGN section 5). Each part connects when it is first used.
package final class Database: Sendable {
    package let resources: ResourceStore
    package let jobs: JobStore
    package let events: EventStore
    package let transactions: TransactionStore
    package let operators: OperatorStores
    package let upkeep: UpkeepStore

    private let configuration: StorageConfiguration
    private let logger: Logger
    private let pipelines: [PostgresPipeline]
    let readers: [PostgresPipeline]
    private let pools: [PostgresPool]

    /// For statements that always find what they look for by an index: a plan that was made while a table was nearly empty must not read it as a
    /// whole when an import has filled it.
    private static let byIndex = [("enable_seqscan", "off"), ("jit", "off")]
    /// One plan for all values: to plan a look-up takes several times as long as the look-up, and PostgreSQL itself would go on planning some of them each
    /// time, because without a value it takes them for larger than they are.
    static let forReads = byIndex + [("plan_cache_mode", "force_generic_plan")]
    /// For the statements of writes and of turns, which find a few rows by their keys, through arrays whose lengths differ from batch to batch: to plan
    /// them anew each time, which the server would do for the sake of these lengths, costs more than to carry them out. Nor must a plan that was
    /// made while a table was nearly empty hash all of it.
    static let byKeys =
        byIndex + [
            ("plan_cache_mode", "force_generic_plan"), ("enable_hashjoin", "off"), ("enable_mergejoin", "off"),
        ]

    package init(configuration: StorageConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
        let waitTimeout = configuration.poolWaitTimeout
        var short = configuration.postgres
        short.lockTimeout = configuration.writerLockTimeout
        func pipeline(
            _ configuration: PostgresConfiguration, _ label: String, _ mode: PostgresPipeline.Mode
        ) -> PostgresPipeline {
            PostgresPipeline(
                configuration: configuration, label: label, mode: mode, waitTimeout: waitTimeout, logger: logger)
        }
        let memberWriter = pipeline(short, "postgres.members", .writes)
        var reading = configuration.postgres
        reading.sessionSettings += Self.forReads
        var writing = short
        writing.sessionSettings += Self.byKeys
        let writers = (1...2).map { pipeline(writing, "postgres.writer.\($0)", .writes) }
        var leased = configuration.turns
        leased.sessionSettings += Self.byKeys
        let turns = (1...max(1, configuration.outcomeConnections)).map { number in
            pipeline(leased, number == 1 ? "postgres.turns" : "postgres.turns.\(number)", .writes)
        }
        let confirmations = pipeline(leased, "postgres.confirmations", .writes)
        let leases = pipeline(leased, "postgres.leases", .writes)
        var turnReading = configuration.postgres
        turnReading.sessionSettings += Self.byKeys
        let turnReader = pipeline(turnReading, "postgres.turns.reader", .reads)
        // Of their own: megabytes of events must not stand before a worker's reads, nor its outcomes before theirs.
        let eventWriter = pipeline(configuration.postgres, "postgres.events", .writes)
        var eventReading = configuration.postgres
        // The outbox is nearly empty when it is planned for, and may hold a million rows when it is read.
        eventReading.sessionSettings += Self.byIndex
        let eventReader = pipeline(eventReading, "postgres.events.reader", .reads)
        readers = (1...2).map { pipeline(reading, "postgres.reader.\($0)", .reads) }
        var bounded = configuration.postgres
        bounded.statementTimeout = configuration.listTimeout
        var listing = bounded
        // To compile a filter to machine code takes longer than most lists; the memory is for sorting, and for tables of ids.
        listing.sessionSettings += [("jit", "off"), ("work_mem", "32MB")]
        let lists = PostgresPool(
            configuration: listing, size: configuration.listPoolSize, label: "postgres.lists",
            waitTimeout: configuration.poolWaitTimeout, logger: logger)
        var prepared = listing
        // As for the readers. What is taken for large is not worth starting processes for it.
        prepared.sessionSettings += [
            ("enable_seqscan", "off"), ("plan_cache_mode", "force_generic_plan"),
            ("max_parallel_workers_per_gather", "0"),
        ]
        let preparedLists = PostgresPool(
            configuration: prepared, size: configuration.listPoolSize, label: "postgres.lists.prepared",
            waitTimeout: configuration.poolWaitTimeout, logger: logger)
        let streams = PostgresPool(
            configuration: bounded, size: configuration.streamPoolSize, label: "postgres.streams",
            waitTimeout: configuration.poolWaitTimeout, logger: logger)
        let exclusive = PostgresPool(
            configuration: bounded, size: configuration.exclusivePoolSize, label: "postgres.exclusive",
            waitTimeout: configuration.exclusiveWaitTimeout, logger: logger)
        pipelines =
            readers + writers + turns + [memberWriter, confirmations, leases, turnReader, eventWriter, eventReader]
        let keeping = PostgresPool(
            configuration: configuration.upkeep, size: 1, label: "postgres.upkeep", waitTimeout: waitTimeout,
            logger: logger)
        pools = [lists, preparedLists, streams, exclusive, keeping]
        resources = ResourceStore(
            writers: writers, memberWriter: memberWriter, readers: readers, listPool: lists,
            preparedListPool: preparedLists,
            streams: StreamPool(
                connections: streams, longest: configuration.longestStream,
                longestPause: configuration.longestStreamPause),
            exclusivePool: exclusive, sealer: configuration.sealer, rules: configuration.rules,
            emitsOnAcceptance: configuration.emitsOnAcceptance, logger: logger)
        jobs = JobStore(
            outcomes: turns, confirmations: confirmations, renewals: leases, reader: turnReader, lists: lists,
            exclusive: exclusive, verifyAfter: configuration.udmRequestLimit + .seconds(5), logger: logger)
        events = EventStore(pipeline: eventWriter, reader: eventReader, pool: lists)
        transactions = TransactionStore(pool: exclusive, reader: readers[0])
        operators = OperatorStores(lists: lists, exclusive: exclusive, reader: turnReader)
        upkeep = UpkeepStore(pool: keeping)
    }

    /// Leadership over a duty, to be held by one process at a time.
    /// - Parameter longestSilence: How long a leader may ask nothing before it is taken for one that stands still.
    package func leadership(
        _ duty: Leadership.Duty, longestSilence: Duration = Leadership.longestSilence
    ) -> Leadership {
        Leadership(
            configuration: configuration.postgres, duty: duty, longestSilence: longestSilence, logger: logger)
    }

    /// What the connections have done since the start; by name, such as `writer` or `lists`. Asks no server.
    package var statistics: DatabaseStatistics {
        // `postgres.` is part of every label.
        func name(_ label: String) -> String { String(label.dropFirst("postgres.".count)) }
        return DatabaseStatistics(
            pools: pools.map { (name($0.label), $0.statistics) },
            pipelines: pipelines.map { (name($0.label), $0.statistics) })
    }

    /// Returns when every connection is closed; what is asked for from now on fails.
    package func close() async {
        for pipeline in pipelines { await pipeline.close() }
        for pool in pools { await pool.close() }
    }
}

/// The connections of one process, see ``Database/statistics``.
package struct DatabaseStatistics: Sendable {
    package let pools: [(name: String, statistics: PostgresPool.Statistics)]
    package let pipelines: [(name: String, statistics: PostgresPipeline.Statistics)]
}
