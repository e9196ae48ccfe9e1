// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Logging
import Operations
import ServiceLifecycle
import Storage

/// One run of `dev`: starts the parts, serves, plays the demo, and leaves no process behind, however it ends.
struct DevRun: Sendable {
    struct Demo: Sendable {
        var users: Int
        var groups: Int
    }

    var environment: DevEnvironment
    /// nil: none is played.
    var demo: Demo?
    var exitsWhenDrained: Bool
    var latency: String
    let interruption: Interruption
    private let started = ContinuousClock.now

    /// How long a bridge that was told to stop at once may still take before its servers are stopped under it.
    private static let forcedStopLimit = Duration.seconds(2)

    init(
        environment: DevEnvironment, demo: Demo?, exitsWhenDrained: Bool, latency: String, interruption: Interruption
    ) {
        self.environment = environment
        self.demo = demo
        self.exitsWhenDrained = exitsWhenDrained
        self.latency = latency
        self.interruption = interruption
    }

    /// - Returns: Whether everything that was to be synced is.
    /// - Throws: `CancellationError` when it was interrupted before that was known.
    func run() async throws -> Bool {
        do {
            let succeeded = try await startAndServe()
            await stopParts()
            return succeeded
        } catch {
            await stopParts()
            throw error
        }
    }

    private func stopParts() async {
        Progress.write("\nStopping ...\n")
        await environment.stopAll()
    }

    private func startAndServe() async throws -> Bool {
        // Before anything starts: the double would end with the same problems, in its log.
        _ = try environment.schemaFile()
        var found: [String: String] = [:]
        for part in DevEnvironment.Part.allCases where environment.isEmbedded(part) {
            try Task.checkCancellation()
            let begin = ContinuousClock.now
            Progress.begin("Starting \(part.rawValue)")
            found.merge(try await environment.start(part, latency: latency)) { _, new in new }
            Progress.end("127.0.0.1:\(environment.port(part)), \(begin.duration(to: .now).shown)")
        }
        let token = try environment.token()
        let (configuration, _) = try BridgeConfiguration.read(
            roles: Set(Role.allCases), environment: try environment.settings(found))
        let logger = Logging.bootstrap(level: configuration.logLevel, format: configuration.logFormat)
        Progress.begin("Migrating")
        let applied = try await MigrateCommand.migrate(configuration, logger: logger)
        Progress.end(applied.isEmpty ? "up to date" : "\(applied.count) applied")
        try Task.checkCancellation()
        return try await serve(configuration, token: token, logger: logger)
    }

    private func serve(_ configuration: BridgeConfiguration, token: String, logger: Logger) async throws -> Bool {
        let registry = Metrics.bootstrap()
        let (running, announce) = AsyncStream.makeStream(of: Int.self)
        let services = try await BridgeServices(configuration, registry: registry, logger: logger) { port in
            announce.yield(port)
        }
        let group = services.group(signals: [], logger: logger)
        let (ends, ended) = AsyncStream.makeStream(of: Result<Void, any Error>.self)
        let serving = Task { ended.yield(await Result { try await group.run() }) }
        try interruption.onSignal {
            await group.triggerGracefulShutdown()
        } next: {
            serving.cancel()
            // Turns under way may hold on for longer; their leases run out by themselves.
            try? await Task.sleep(for: Self.forcedStopLimit)
            ended.yield(.failure(CancellationError()))
        }
        let playing = Task {
            var iterator = running.makeAsyncIterator()
            guard await iterator.next() != nil else { return true }
            Welcome.show(
                baseURL: configuration.publicURL ?? "", operations: configuration.operationsAddress, token: token,
                took: started.duration(to: .now))
            return try await play(configuration, services: services, token: token, group: group)
        }
        var iterator = ends.makeAsyncIterator()
        let end = await iterator.next()
        announce.finish()
        playing.cancel()
        // A shutdown that was forced ends in whatever its services threw.
        if !interruption.wasSignalled { try end?.get() }
        return try await playing.value
    }

    /// - Returns: Whether everything that was to be synced is; true when nobody asked.
    private func play(
        _ configuration: BridgeConfiguration, services: BridgeServices, token: String, group: ServiceGroup
    ) async throws -> Bool {
        guard demo != nil || exitsWhenDrained else { return true }
        let watch = DrainWatch(jobs: services.database.jobs, registry: services.registry)
        var succeeded = false
        do {
            let player = demo.map {
                DemoPlayer(
                    users: $0.users, groups: $0.groups, token: token, folder: environment.folder,
                    baseURL: configuration.publicURL ?? "")
            }
            succeeded = try await watch.untilDrained { try await player?.play() ?? 0 }
        } catch {
            // After a signal nobody waits for the rest of the demo.
            if interruption.wasSignalled {
                if exitsWhenDrained { throw CancellationError() }
                return true
            }
            StandardError.write("The demo ended: \(error)")
        }
        if exitsWhenDrained {
            await group.triggerGracefulShutdown()
        } else {
            Progress.write("Still serving; Ctrl-C stops everything.\n")
        }
        return succeeded
    }
}

extension Result where Failure == any Error {
    /// What an asynchronous `body` returns or throws.
    fileprivate init(_ body: () async throws -> Success) async {
        do {
            self = .success(try await body())
        } catch {
            self = .failure(error)
        }
    }
}
