// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation

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
        subcommands: [Run.self, Start.self, Stop.self, Env.self, Clean.self],
        defaultSubcommand: Run.self)

    struct Run: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "run", abstract: "Start everything and serve until Ctrl-C (the default).")

        @Flag(help: "Play a small identity provider first: users, groups, updates, writes that UDM refuses.")
        var demo = false
        @Flag(help: "Play the demo although UDM or Provisioning is a real one, which then gets all of its objects.")
        var demoOnRealSystems = false
        @Flag(help: "End when all writes are synced and all events sent: 0, or 1 when something could not be.")
        var exitWhenDrained = false
        @Flag(help: "Remove the data of former runs first.") var fresh = false
        @Option(help: "Where data, logs and secrets are kept.") var folder = ".scim-bridge"
        @Option(help: "Port of SCIM; a free one is taken when it is in use.") var port = 8080
        @Option(help: "Port of metrics and health; a free one is taken when it is in use.") var operationsPort = 9090
        @Option(help: "How long the doubles take for a request.") var latency = "200ms"
        @Option(help: "Users that the demo creates.") var demoUsers = 200
        @Option(help: "Groups that the demo creates.") var demoGroups = 10

        func validate() throws {
            try CommandLineValue.check("--port", port, in: CommandLineValue.ports)
            try CommandLineValue.check("--operations-port", operationsPort, in: CommandLineValue.ports)
            try CommandLineValue.check("--demo-users", demoUsers, in: 0...100_000)
            try CommandLineValue.check("--demo-groups", demoGroups, in: 0...10_000)
            _ = try CommandLineValue.duration("--latency", latency)
        }

        func run() async throws {
            do {
                let succeeded = try await Interruption.watch { try await run($0) }
                if !succeeded { throw ExitCode(ExitStatus.failure) }
            } catch is CancellationError {
                throw ExitCode(ExitStatus.interrupted)
            }
        }

        private func run(_ interruption: Interruption) async throws -> Bool {
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
            try environment.claimSystems()
            try environment.choosePorts(scim: port, operations: operationsPort)
            return try await DevRun(
                environment: environment, demo: demo(environment), exitsWhenDrained: exitWhenDrained,
                latency: latency, interruption: interruption
            ).run()
        }

        /// Two hundred invented users are no welcome guests in a real directory.
        private func demo(_ environment: DevEnvironment) -> DevRun.Demo? {
            guard demo || demoOnRealSystems else { return nil }
            let real = environment.realSystems
            guard real.isEmpty || demoOnRealSystems else {
                let settings = real.map(\.setting).joined(separator: " and ")
                Progress.write(
                    "\(settings) set: the demo is not played on real systems (--demo-on-real-systems plays it).\n")
                return nil
            }
            return DevRun.Demo(users: demoUsers, groups: demoGroups)
        }
    }

    struct Stop: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "stop", abstract: "Stop one part of a running `dev`, to see what the others do without it.")

        @Argument(help: "postgresql, redis, udm or provisioning.") var part: DevEnvironment.Part
        @Option(help: "The folder of the running `dev`.") var folder = ".scim-bridge"

        func run() async throws {
            await (try DevEnvironment(running: folder)).stop(part)
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

        func validate() throws {
            _ = try CommandLineValue.duration("--latency", latency)
        }

        func run() async throws {
            let environment = try DevEnvironment(running: folder)
            _ = try await environment.start(part, latency: latency, isEmpty: empty)
            print("\(part.rawValue) runs on 127.0.0.1:\(environment.port(part)).")
        }
    }

    struct Clean: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "clean", abstract: "Stop what a former `dev` may have left running and remove all of its data."
        )

        @Option(help: "The folder of `dev`.") var folder = ".scim-bridge"

        func run() async throws {
            let folder = DevFolder(folder)
            guard FileManager.default.fileExists(atPath: folder.path) else { return }
            let lock = try folder.lock()
            let environment = DevEnvironment(folder: folder)
            await environment.stopAll()
            try environment.wipe()
            try FileManager.default.removeItem(atPath: folder.path)
            withExtendedLifetime(lock) {}
            print("\(folder.path) is removed.")
        }
    }
}

extension DevEnvironment.Part: ExpressibleByArgument {}

extension DevEnvironment {
    /// Of a `dev` that runs.
    init(running path: String) throws {
        let folder = DevFolder(path)
        guard folder.isLocked else {
            throw CommandFailure(
                "no `scim-bridge dev` runs in \(folder.path). Start it first, or name its folder: --folder OTHER",
                status: ExitStatus.unavailable)
        }
        self.init(folder: folder)
    }
}

extension Duration {
    /// `1.2 s`, for people.
    var shown: String { String(format: "%.1f s", inSeconds) }

    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
