// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Logging
import ServiceLifecycle
import Storage

struct DevCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dev",
        abstract: "Run everything on this machine: PostgreSQL, Redis, doubles of UDM and Provisioning, and the bridge.",
        discussion: """
            Example:

              scim-bridge dev --demo

            Data stay in .scim-bridge/ between runs; --fresh begins anew. A real UDM, Provisioning service, PostgreSQL or Redis is used when
            UDM_URL, PROVISIONING_URL, DATABASE_URL or REDIS_URL is set, with its other settings. The double of UDM has the extended attributes
            that a SCHEMA_FILE needs. While `dev` runs, its parts can be stopped
            and started one by one: scim-bridge dev stop udm; scim-bridge dev start udm.
            """,
        subcommands: [Run.self, Start.self, Stop.self],
        defaultSubcommand: Run.self)

    struct Run: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "run", abstract: "Start everything and serve until Ctrl-C (the default).")

        @Flag(help: "Play a small identity provider first: users, groups, updates, writes that UDM refuses.")
        var demo = false
        @Flag(help: "End when all writes are synced and all events sent: 0, or 1 when something could not be.")
        var exitWhenDrained = false
        @Flag(help: "Remove the data of former runs first.") var fresh = false
        @Option(help: "Where data, logs and secrets are kept.") var folder = ".scim-bridge"
        @Option(help: "Port of SCIM; a free one is taken when it is in use.") var port = 8080
        @Option(help: "Port of metrics and health; a free one is taken when it is in use.") var operationsPort = 9090
        @Option(help: "How long the doubles take for a request.") var latency = "200ms"
        @Option(help: "Users that the demo creates.") var demoUsers = 200
        @Option(help: "Groups that the demo creates.") var demoGroups = 10

        func run() async throws {
            let started = ContinuousClock.now
            let folder = DevFolder(folder)
            try folder.create()
            let lock = try folder.lock()
            defer { withExtendedLifetime(lock) {} }
            var environment = DevEnvironment(folder: folder)
            if fresh {
                await environment.stopAll()
                try environment.wipe()
                try folder.create()
            }
            try environment.choosePorts(scim: port, operations: operationsPort)
            do {
                let succeeded = try await serve(environment, started: started)
                await stop(environment)
                if !succeeded { throw ExitCode(ExitStatus.failure) }
            } catch {
                await stop(environment)
                throw error
            }
        }

        private func stop(_ environment: DevEnvironment) async {
            print("Stopping ...")
            await environment.stopAll()
        }

        /// - Returns: Whether everything that was to be synced is.
        private func serve(_ environment: DevEnvironment, started: ContinuousClock.Instant) async throws -> Bool {
            // Before anything starts: the double would end with the same problems, in its log.
            _ = try await environment.schemaFile()
            var found: [String: String] = [:]
            for part in DevEnvironment.Part.allCases where environment.isEmbedded(part) {
                let begin = ContinuousClock.now
                Progress.begin("Starting \(part.rawValue)")
                found.merge(try await environment.start(part, latency: latency)) { _, new in new }
                Progress.end("127.0.0.1:\(environment.port(part)), \(begin.duration(to: .now).shown)")
            }
            let token = try environment.token()
            let (configuration, _) = try await BridgeConfiguration.read(
                roles: Set(Role.allCases), environment: try environment.settings(found))
            let logger = Logging.bootstrap(level: configuration.logLevel, format: configuration.logFormat)
            Progress.begin("Migrating")
            let applied = try await MigrateCommand.migrate(configuration, logger: logger)
            Progress.end(applied.isEmpty ? "up to date" : "\(applied.count) applied")

            let registry = Metrics.bootstrap()
            let (running, announce) = AsyncStream.makeStream(of: Int.self)
            let services = try await BridgeServices(configuration, registry: registry, logger: logger) { port in
                announce.yield(port)
            }
            let group = services.group(logger: logger)
            let demo = demo
            let exitWhenDrained = exitWhenDrained
            let player = DemoPlayer(
                users: demoUsers, groups: demoGroups, token: token, folder: environment.folder,
                baseURL: configuration.api?.publicURL ?? "")
            let operations = configuration.operationsAddress
            let after = Task { () throws -> Bool in
                var iterator = running.makeAsyncIterator()
                guard await iterator.next() != nil else { return true }
                Welcome.show(
                    baseURL: configuration.api?.publicURL ?? "", operations: operations, token: token,
                    took: started.duration(to: .now))
                var succeeded = true
                if demo || exitWhenDrained {
                    do {
                        let jobs = services.database.jobs
                        let watch = DrainWatch(
                            jobs: jobs, registry: registry, deadLettersBefore: try await jobs.statistics().deadLetters)
                        if demo { try await player.play(watch: watch) }
                        succeeded = try await watch.untilDrained(refusalsExpected: demo ? player.expectedRefusals : 0)
                    } catch {
                        if Task.isCancelled { return true }
                        if exitWhenDrained { await group.triggerGracefulShutdown() }
                        throw error
                    }
                    if exitWhenDrained {
                        await group.triggerGracefulShutdown()
                    } else {
                        print("Still serving; Ctrl-C stops everything.")
                    }
                }
                return succeeded
            }
            do {
                try await group.run()
            } catch {
                after.cancel()
                throw error
            }
            announce.finish()
            after.cancel()
            return try await after.value
        }
    }

    struct Stop: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "stop", abstract: "Stop one part of a running `dev`, to see what the others do without it.")

        @Argument(help: "postgresql, redis, udm or provisioning.") var part: DevEnvironment.Part
        @Option(help: "The folder of the running `dev`.") var folder = ".scim-bridge"

        func run() async throws {
            await DevEnvironment(folder: DevFolder(folder)).stop(part)
            print("\(part.rawValue) is stopped.")
        }
    }

    struct Start: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "start", abstract: "Start one part of a running `dev` again.")

        @Argument(help: "postgresql, redis, udm or provisioning.") var part: DevEnvironment.Part
        @Option(help: "The folder of the running `dev`.") var folder = ".scim-bridge"
        @Flag(help: "Redis only: start without its former data.") var empty = false
        @Option(help: "How long a double takes for a request.") var latency = "200ms"

        func run() async throws {
            let environment = DevEnvironment(folder: DevFolder(folder))
            _ = try await environment.start(part, latency: latency, isEmpty: empty)
            print("\(part.rawValue) runs on 127.0.0.1:\(environment.port(part)).")
        }
    }
}

extension DevEnvironment.Part: ExpressibleByArgument {}

/// Lines that show what is going on before there is a log.
enum Progress {
    static func begin(_ what: String) { write("\(what) ... ") }
    static func end(_ result: String) { write("\(result)\n") }

    static func write(_ text: String) { StandardStream.output.write(text) }
}

extension Duration {
    /// `1.2 s`, for people.
    var shown: String { String(format: "%.1f s", inSeconds) }

    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
