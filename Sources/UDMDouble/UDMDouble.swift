// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import HTTPServer
internal import Hummingbird
internal import HummingbirdCore
internal import JSON
package import Logging
internal import NIOCore
internal import ServiceLifecycle
internal import Synchronization

/// A server with the contract of Univention's UDM REST API (5.2), its own directory, and switches for everything that
/// can go wrong between it and a client.
///
/// In process: ``start()``, use ``baseURL``, ``stop()``. As a service: ``run()`` until graceful shutdown. Both serve
/// the control interface below `/-/double/` to clients on the same machine.
package final class UDMDouble: Service {
    let configuration: Configuration
    let contract: Contract
    let recorder: RequestRecorder
    let faultPlan: FaultPlan
    let gate: ProcessingGate
    let hanging = HangingRequests()
    let connections = ClientConnections()
    let accounts: Accounts
    let journal: Journal?
    let logger: Logger
    private let currentSettings: Mutex<Settings>
    private let port = Mutex<Int?>(nil)
    private let running = Mutex<(group: ServiceGroup, task: Task<Void, any Error>)?>(nil)

    /// Reads the journal back, if there is one.
    ///
    /// - Throws: ``JournalError`` for a journal that is damaged or in use, ``ControlError`` for a base that is no name.
    package init(
        _ configuration: Configuration = Configuration(), logger: Logger = Logger(label: "udm-double")
    ) throws {
        guard let base = DistinguishedName(configuration.baseDN) else {
            throw ControlError("the base is no distinguished name: \(configuration.baseDN)")
        }
        guard configuration.rootPath.hasPrefix("/"), configuration.rootPath.hasSuffix("/") else {
            throw ControlError("the root path has no slash at both ends: \(configuration.rootPath)")
        }
        self.configuration = configuration
        self.logger = logger
        journal = try configuration.journalDirectory.map { path throws(JournalError) in try Journal(directory: path) }
        contract = Contract(
            schema: Schema(extended: configuration.extendedProperties), base: base, journal: journal)
        recorder = RequestRecorder(limit: configuration.recordedRequests)
        faultPlan = FaultPlan(seed: configuration.seed)
        gate = ProcessingGate(limit: configuration.settings.concurrencyLimit)
        accounts = Accounts(configuration)
        currentSettings = Mutex(configuration.settings)
        try restore()
    }

    private func restore() throws {
        if let journal {
            var lastSequence = 0
            var records: [RecordedRequest] = []
            let cut = try journal.replay { (commit, line) throws(JournalError) in
                lastSequence = max(lastSequence, try contract.restore(commit, line: line))
            } requests: { (json, line) throws(JournalError) in
                guard let record = RecordedRequest(json: json) else {
                    throw JournalError(path: "requests.jsonl", reason: "has no request in line \(line)")
                }
                lastSequence = max(lastSequence, record.sequence)
                records.append(record)
                if records.count > 2 * configuration.recordedRequests {
                    records.removeFirst(records.count - configuration.recordedRequests)
                }
            }
            if cut > 0 { logger.warning("an unfinished line was cut off the journal", metadata: ["bytes": "\(cut)"]) }
            recorder.restore(records, lastSequence: lastSequence)
        }
        try contract.fill(at: WallClock.microseconds)
        try journal?.flush()
        guard contract.withDirectory({ $0.entry(named: $0.base.key) != nil }) else {
            throw ControlError("the journal is of another base than \(configuration.baseDN)")
        }
    }

    /// Serves until graceful shutdown or cancellation.
    package func run() async throws { try await serve { _ in } }

    /// Returns when the server listens.
    package func start() async throws {
        let (ports, listening) = AsyncThrowingStream<Int, any Error>.makeStream()
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [Listener(double: self, onListening: { listening.yield($0) })], logger: logger))
        let task = Task {
            do {
                try await group.run()
                listening.finish()
            } catch {
                listening.finish(throwing: error)
                throw error
            }
        }
        running.withLock { $0 = (group, task) }
        for try await _ in ports { return }
        throw ControlError("the server ended before it listened")
    }

    /// Closes all connections, ends, and leaves the journal to the next one.
    package func stop() async throws {
        let running = running.withLock { running in
            defer { running = nil }
            return running
        }
        hanging.releaseAll(closing: true)
        gate.setLimit(nil)
        connections.closeAll()
        if let running {
            await running.group.triggerGracefulShutdown()
            try await running.task.value
        }
        journal?.close()
    }

    /// With a slash at the end; nil until the server listens.
    package var baseURL: String? { address.map { $0 + configuration.rootPath } }

    private var address: String? {
        guard let port = port.withLock({ $0 }) else { return nil }
        return "http://\(configuration.host):\(port)"
    }

    package var settings: Settings {
        get { currentSettings.withLock { $0 } }
        set {
            currentSettings.withLock { $0 = newValue }
            gate.setLimit(newValue.concurrencyLimit)
        }
    }

    /// Sets several settings as one step.
    package func updateSettings<Failure: Error>(_ body: (inout Settings) throws(Failure) -> Void) throws(Failure) {
        let limit = try currentSettings.withLock { (settings) throws(Failure) in
            try body(&settings)
            return settings.concurrencyLimit
        }
        gate.setLimit(limit)
    }

    fileprivate func serve(onListening: @escaping @Sendable (Int) -> Void) async throws {
        let connections = connections
        let application = Application(
            responder: Responder(double: self),
            server: .onEventLoops(
                HTTP1Channel.Configuration(additionalChannelHandlers: [ConnectionWatcher(connections: connections)])),
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.host, port: configuration.port), backlog: 1024),
            onServerRunning: { [weak self] channel in
                guard let port = channel.localAddress?.port else { return }
                self?.port.withLock { $0 = port }
                onListening(port)
            },
            logger: logger)
        try await withGracefulShutdownHandler {
            try await application.run()
        } onGracefulShutdown: {
            self.hanging.releaseAll(closing: true)
        }
    }
}

/// The double with somebody who waits for its port.
private struct Listener: Service {
    let double: UDMDouble
    let onListening: @Sendable (Int) -> Void

    func run() async throws { try await double.serve(onListening: onListening) }
}
