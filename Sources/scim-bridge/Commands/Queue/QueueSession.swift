// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Logging
import Postgres
import Queue
import Redis
import SCIM
import Storage
import UDM

/// What an operator's command works with: the database, and the queue as far as it needs it; closed when the command ends.
struct QueueSession: Sendable {
    let settings: OperatorSettings
    let database: Database
    let sealer: SecretSealer?
    let logger: Logger
    private let redis: RedisClient?
    private let workQueue: WorkQueue?

    /// Opens what `needs` names, runs `body`, closes all.
    ///
    /// - Throws: ``CommandFailure`` with what to do about it, also for errors of the database and of UDM that `body` throws.
    static func run(
        _ needs: Set<OperatorSettings.Need>,
        environment: [String: String] = ProcessInfo.processInfo.environment,
        _ body: (QueueSession) async throws -> Void
    ) async throws {
        let settings = try OperatorSettings.read(needs, environment: environment)
        let session = try QueueSession(settings, logger: quietLogger)
        do {
            try await session.open()
            try await body(session)
            await session.close()
        } catch {
            await session.close()
            throw explained(error)
        }
    }

    /// Warnings of the libraries go to standard error, so that they do not get into a list.
    private static var quietLogger: Logger {
        Logger(label: "queue") { label in
            var handler = LineLogHandler(label: label, format: .text)
            handler.logLevel = .error
            return handler
        }
    }

    private init(_ settings: OperatorSettings, logger: Logger) throws {
        self.settings = settings
        self.logger = logger
        do {
            sealer = try settings.passwordKeyFile.map { try SecretSealer.load(keyFile: $0) }
        } catch {
            throw ConfigurationProblems(problems: ["PASSWORD_KEY_FILE: \(error)"])
        }
        database = Database(
            configuration: StorageConfiguration(
                postgres: settings.database, sealer: sealer, rules: settings.rules), logger: logger)
        redis = settings.redis.map { RedisClient(configuration: $0, logger: logger) }
        workQueue = redis.map { WorkQueue(client: $0, name: settings.queueName) }
    }

    private func open() async throws {
        do {
            try await database.checkSchema(version: try Migrator.newestVersion(in: settings.schemaFolder))
        } catch let error as SchemaError {
            throw CommandFailure("\(error)", status: ExitStatus.configuration)
        }
        guard let redis else { return }
        do throws(RedisError) {
            try await redis.start()
        } catch {
            guard error.canRetry else { throw CommandFailure(error.message, status: ExitStatus.configuration) }
            // PostgreSQL decides. Whoever needs Redis tells what it misses; the sweep finds that.
            logger.debug("Redis does not answer", metadata: ["error": "\(error)"])
        }
    }

    private func close() async {
        await redis?.close()
        await database.close()
    }

    /// With ``OperatorSettings/Need/queueIfSet``; nil when it is not set.
    var queueIfSet: WorkQueue? { workQueue }

    func queue() throws -> WorkQueue {
        guard let workQueue else { throw ConfigurationProblems(problems: ["REDIS_URL is not set"]) }
        return workQueue
    }

    /// Lends a client of UDM.
    func withUDM<Value>(_ body: (UDMClient) async throws -> Value) async throws -> Value {
        guard let configuration = settings.udm else { throw ConfigurationProblems(problems: ["UDM_URL is not set"]) }
        let client: UDMClient
        do {
            client = try UDMClient(configuration: configuration, logger: logger)
        } catch {
            throw ConfigurationProblems(problems: error.problems)
        }
        do {
            let value = try await body(client)
            try await client.shutdown()
            return value
        } catch {
            try await client.shutdown()
            throw error
        }
    }

    /// The resource that an id stands for.
    func subject(_ text: String) async throws -> ResourceSubject {
        let id = try QueueArgument.id(text)
        guard let subject = try await database.operators.subjects.find(id) else { throw Self.unknown(id) }
        return subject
    }

    static func unknown(_ id: LowercaseUUID) -> CommandFailure {
        CommandFailure(
            """
            there is no job and no resource \(id). `scim-bridge queue list` shows dead letters with their ids; jobs leave the history after \
            its retention
            """, status: ExitStatus.notFound)
    }

    private static func explained(_ error: any Error) -> any Error {
        switch error {
        case let error as PostgresError where error.kind == .server:
            CommandFailure("PostgreSQL refused: \(error.message)", status: ExitStatus.unavailable)
        case let error as PostgresError:
            CommandFailure(
                "PostgreSQL does not answer (\(error.message)): check DATABASE_URL, or run scim-bridge check-config",
                status: ExitStatus.unavailable)
        case let error as RedisError:
            CommandFailure(
                "Redis does not answer (\(error.message)): check REDIS_URL, or run scim-bridge check-config",
                status: ExitStatus.unavailable)
        case let error as UDMError:
            CommandFailure(
                "UDM does not tell (\(error)): check UDM_URL and its account with scim-bridge check-config --roles worker",
                status: ExitStatus.unavailable)
        case let error as BadPosition:
            CommandFailure("\(error); leave --after out to begin anew", status: ExitStatus.usage)
        default: error
        }
    }
}
