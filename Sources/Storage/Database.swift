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
    /// Connections for lists.
    package var listPoolSize = 4
    /// Connections for transactions of several steps.
    package var exclusivePoolSize = 4
    package var poolWaitTimeout: Duration = .seconds(2)
    /// A row locked elsewhere never holds the writer for longer.
    package var writerLockTimeout: Duration = .milliseconds(200)
    package var listTimeout: Duration = .seconds(20)

    package init(postgres: PostgresConfiguration, sealer: SecretSealer?, rules: DirectoryRules) {
        self.postgres = postgres
        self.sealer = sealer
        self.rules = rules
    }
}

/// The connections of one process to PostgreSQL and what is done with them: one writer for accepted writes, one for the workers' turns, two
/// pipelined readers, and two small pools (DESIGN section 5). Each part connects when it is first used.
package final class Database: Sendable {
    package let resources: ResourceStore
    package let jobs: JobStore
    package let events: EventStore

    private let configuration: StorageConfiguration
    private let logger: Logger
    private let pipelines: [PostgresPipeline]
    private let pools: [PostgresPool]

    package init(configuration: StorageConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
        var short = configuration.postgres
        short.lockTimeout = configuration.writerLockTimeout
        let writer = PostgresPipeline(configuration: short, label: "postgres.writer", mode: .writes, logger: logger)
        let turns = PostgresPipeline(
            configuration: configuration.postgres, label: "postgres.turns", mode: .writes, logger: logger)
        let readers = (1...2).map {
            PostgresPipeline(
                configuration: configuration.postgres, label: "postgres.reader.\($0)", mode: .reads, logger: logger)
        }
        var bounded = configuration.postgres
        bounded.statementTimeout = configuration.listTimeout
        let lists = PostgresPool(
            configuration: bounded, size: configuration.listPoolSize, label: "postgres.lists",
            waitTimeout: configuration.poolWaitTimeout, logger: logger)
        let exclusive = PostgresPool(
            configuration: bounded, size: configuration.exclusivePoolSize, label: "postgres.exclusive",
            waitTimeout: configuration.poolWaitTimeout, logger: logger)
        pipelines = [writer, turns] + readers
        pools = [lists, exclusive]
        resources = ResourceStore(
            writer: writer, readers: readers, listPool: lists, exclusivePool: exclusive, sealer: configuration.sealer,
            rules: configuration.rules, logger: logger)
        jobs = JobStore(pipeline: turns, readers: readers[0], logger: logger)
        events = EventStore(pipeline: turns, readers: readers[0])
    }

    /// - Throws: ``PostgresError`` when the server does not answer.
    package func ping() async throws(PostgresError) {
        _ = try await pipelines[2].execute(Self.alive)
    }

    /// Leadership over a duty, to be held by one process at a time.
    package func leadership(_ duty: Leadership.Duty) -> Leadership {
        Leadership(configuration: configuration.postgres, duty: duty, logger: logger)
    }

    package func close() async {
        for pipeline in pipelines { await pipeline.close() }
        for pool in pools { await pool.close() }
    }

    private static let alive = PostgresStatement("ping", "SELECT 1")
}
