// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import API
import Events
import Foundation
import HTTPServer
import Hummingbird
import HummingbirdCore
import Logging
import Operations
import Queue
import Redis
import SCIM
import ServiceLifecycle
import Storage
import Sync
import UDM
import UnixSignals

/// The parts of one process, built from its configuration: what its roles need and nothing else.
struct BridgeServices {
    let database: Database
    let redis: RedisClient
    let queue: WorkQueue
    let registry: PrometheusRegistry
    let startup = StartupState()
    /// In the order in which they start; they stop in the opposite order: first ``work``, then the operators' port, connections last.
    private(set) var services: [any Service] = []
    /// What takes requests and leases. All of it is told to stop at once and has the same time.
    private var work: [any Service] = []

    /// - Parameters:
    ///   - onAPIRunning: Called with the port once requests are accepted.
    ///   - onOperationsRunning: The same of the operators' port.
    init(
        _ configuration: BridgeConfiguration, registry: PrometheusRegistry, logger: Logger,
        onAPIRunning: @escaping @Sendable (Int) -> Void = { _ in },
        onOperationsRunning: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws {
        self.registry = registry
        let sealer = try Self.sealer(configuration)
        let schema = try Self.schema(configuration)
        var storage = StorageConfiguration(
            postgres: configuration.database, sealer: sealer, rules: configuration.rules)
        storage.leaseLength = configuration.sync.leaseLength
        storage.emitsOnAcceptance = configuration.emitsOnAcceptance
        storage.udmRequestLimit = configuration.sync.udmRequestLimit
        database = Database(configuration: storage, logger: logger.labelled("storage"))
        guard let redisConfiguration = configuration.redis else {
            throw ConfigurationProblems(problems: ["REDIS_URL is not set"])
        }
        redis = RedisClient(configuration: redisConfiguration, logger: logger.labelled("redis"))
        queue = WorkQueue(
            client: redis, name: configuration.queueName, announcesAcceptance: configuration.emitsOnAcceptance)

        services.append(
            Closing { [database, redis] in
                await redis.close()
                await database.close()
            })
        // Both may be away at the start. What waiting does not cure is refused: an old schema, a wrong eviction policy.
        try await Self.check(database, schema: schema, logger: logger)
        try await Self.connect(redis, logger: logger)
        var checks: [HealthCheck] = [
            HealthCheck("postgresql", .required) { [database] in try await database.checkSchema(version: schema) },
            HealthCheck("redis", .degrading) { [redis] in _ = try await redis.send(RedisCommand("PING")) },
        ]
        // Before the client of UDM is there, which must be shut down: files of the API may turn out to be of no use.
        if let api = configuration.api {
            try appendAPI(api, configuration, logger: logger, onRunning: onAPIRunning)
        } else {
            startup.complete()
        }
        if let udm = configuration.udm {
            try appendWorker(udm, configuration, sealer: sealer, checks: &checks, logger: logger)
        }
        if let events = configuration.events { appendEvents(events, checks: &checks, logger: logger) }
        // Told with the work that the process is to stop, so that readiness ends at once and not when the last request has.
        work.append(
            Closing { [startup] in startup.stop() })
        let figures = ConnectionFigures(database: database, redis: redis, queue: queue)
        services.append(
            OperationsServer(
                host: configuration.operationsAddress.host, port: configuration.operationsAddress.port,
                token: configuration.operationsToken, registry: registry, checks: checks, startup: startup,
                identity: ProcessIdentity(version: Version.text, roles: configuration.roles.map(\.rawValue)),
                figures: [{ figures.record(in: $0) }], logger: logger.labelled("operations"),
                onRunning: onOperationsRunning))
        services.append(DrainedTogether(work))
    }

    /// All services, to be run until one of the signals.
    func group(signals: [UnixSignal] = [.sigterm, .sigint], logger: Logger) -> ServiceGroup {
        ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: services, gracefulShutdownSignals: signals, logger: logger))
    }

    // MARK: Parts

    /// Signed with what is derived from the password keys, which all processes share.
    private static func cursors(_ configuration: BridgeConfiguration) throws -> CursorCodec {
        guard let file = configuration.passwordKeyFile else {
            throw ConfigurationProblems(problems: ["PASSWORD_KEY_FILE is not set"])
        }
        return try CursorCodec(
            keys: try SecretSealer.keys(inFile: file), lifetime: RequestLimits().cursorTimeout)
    }

    private static func sealer(_ configuration: BridgeConfiguration) throws -> SecretSealer? {
        do {
            return try configuration.passwordKeyFile.map { try SecretSealer.load(keyFile: $0) }
        } catch {
            throw ConfigurationProblems(problems: ["PASSWORD_KEY_FILE: \(error)"])
        }
    }

    /// The newest migration of this version.
    private static func schema(_ configuration: BridgeConfiguration) throws -> Int {
        do {
            return try Migrator.newestVersion(in: configuration.schemaFolder)
        } catch {
            throw ConfigurationProblems(problems: ["\(error)"])
        }
    }

    private static func check(_ database: Database, schema: Int, logger: Logger) async throws {
        do {
            try await database.checkSchema(version: schema)
        } catch let error as SchemaError {
            throw CommandFailure("\(error)", status: ExitStatus.configuration)
        } catch {
            logger.warning(
                "PostgreSQL does not answer; requests are refused until it does", metadata: ["error": "\(error)"])
        }
    }

    private static func connect(_ redis: RedisClient, logger: Logger) async throws {
        do throws(RedisError) {
            try await redis.start()
        } catch {
            guard error.canRetry else { throw CommandFailure(error.message, status: ExitStatus.configuration) }
            logger.warning(
                "Redis does not answer; writes are accepted and synced once it does", metadata: ["error": "\(error)"])
        }
    }

    private mutating func appendWorker(
        _ udm: UDMConfiguration, _ configuration: BridgeConfiguration, sealer: SecretSealer?,
        checks: inout [HealthCheck], logger: Logger
    ) throws {
        let client: UDMClient
        do {
            client = try UDMClient(configuration: udm, logger: logger.labelled("udm"))
        } catch {
            throw ConfigurationProblems(problems: error.problems)
        }
        services.append(Closing { try await client.shutdown() })
        work.append(
            SyncLeader(
                queue: queue, jobs: database.jobs, resources: database.resources, operators: database.operators,
                leadership: database.leadership(.sync), historyDays: configuration.historyDays,
                fullSweep: configuration.sync.fullSweep, logger: logger.labelled("leader")))
        work.append(
            SyncWorker(
                configuration: configuration.sync, queue: queue, jobs: database.jobs, client: client,
                mapping: UDMMapping(rules: configuration.rules, schema: configuration.schema), sealer: sealer,
                logger: logger.labelled("worker")))
        checks.append(HealthCheck("udm", .degrading) { try await client.probe() })
        registry.setGauge(
            "scim_queue_lease_length_seconds", to: configuration.sync.leaseLength.inSeconds)
    }

    private mutating func appendEvents(
        _ settings: EventSenderConfiguration, checks: inout [HealthCheck], logger: Logger
    ) {
        for sink in settings.sinks.sorted(by: { $0.rawValue < $1.rawValue }) {
            checks.append(
                HealthCheck("sink-\(sink.rawValue)", .degrading) { [registry] in
                    guard registry.value("scim_event_sink_held", [("sink", sink.rawValue)]) == 1 else { return }
                    throw SinkIsHeld()
                })
        }
        work.append(
            EventSender(
                configuration: settings, events: database.events, leadership: database.leadership(.events),
                redis: redis, news: { [queue] in try await queue.waitForEvents(upTo: $0) },
                logger: logger.labelled("events")))
    }

    private mutating func appendAPI(
        _ api: BridgeConfiguration.APISettings, _ configuration: BridgeConfiguration, logger: Logger,
        onRunning: @escaping @Sendable (Int) -> Void
    ) throws {
        let tokens = try TokenFile(path: api.staticTokensFile).read()
        let backPressure = BackPressure(limits: api.backPressure)
        work.append(
            LoadWatch(resources: database.resources, backPressure: backPressure, logger: logger.labelled("api")))
        work.append(
            UpkeepDuty(
                store: database.upkeep, leadership: database.leadership(.upkeep), logger: logger.labelled("upkeep")))
        let scim = SCIMAPI(
            database: database, queue: queue, authenticator: tokens, baseURL: configuration.publicURL ?? api.localURL,
            rules: configuration.rules, cursors: try Self.cursors(configuration),
            registry: configuration.schema.registry, backPressure: backPressure, interactiveRate: api.interactiveRate,
            logger: logger.labelled("api"))
        let startup = startup
        let connections = OpenConnections()
        let application = Application(
            responder: scim, server: try Self.server(api, connections: connections),
            configuration: ApplicationConfiguration(
                address: .hostname(api.address.host, port: api.address.port), serverName: nil),
            onServerRunning: { channel in
                startup.complete()
                onRunning(channel.localAddress?.port ?? api.address.port)
            },
            logger: logger.labelled("http"))
        work.append(
            DrainingServer(
                "scim", application, connections: connections, limit: configuration.sync.drainTime,
                logger: logger.labelled("http")))
    }

    private static func server(
        _ api: BridgeConfiguration.APISettings, connections: OpenConnections
    ) throws -> HTTPServerBuilder {
        var http = SCIMAPI.httpConfiguration()
        let rules = http.additionalChannelHandlers
        http.additionalChannelHandlers = { rules() + [connections.handler()] }
        return .onEventLoops(http, tls: try ServerTLS.configuration(api))
    }
}

private struct SinkIsHeld: Error, CustomStringConvertible {
    let description = "it refuses this service's account or address, and gets nothing; the log says why"
}

/// Waits until its group is told to stop, then does its part: connections are held open until everything above has stopped.
private struct Closing: Service {
    let close: @Sendable () async throws -> Void

    init(_ close: @escaping @Sendable () async throws -> Void) { self.close = close }

    func run() async throws {
        // Cancelled instead of told to stop: what is open is closed all the same.
        try? await gracefulShutdown()
        try await close()
    }
}

extension Logger {
    /// The same handler and level under another label.
    func labelled(_ label: String) -> Logger {
        var logger = Logger(label: label)
        logger.logLevel = logLevel
        return logger
    }
}
