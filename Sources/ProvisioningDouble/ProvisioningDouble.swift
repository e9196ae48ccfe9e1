// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Hummingbird
package import Logging
internal import NIOCore
internal import ServiceLifecycle

/// A stand-in for the Nubus Provisioning API: its message and subscription endpoints, with switches for failures.
///
/// Publishing, validation, delivery and their odd corners follow the real service. The double listens on a free
/// loopback port unless configured; everything can be changed and looked at in process and under `/-/double`.
package final class ProvisioningDouble: Sendable {
    package let port: Int
    private let store: MessageStore
    private let group: ServiceGroup
    private let run: Task<Void, any Error>

    /// Listens when this returns; must be ended with ``stop()``, or use ``withProvisioningDouble(_:logger:_:)``.
    ///
    /// - Throws: ``JournalError``, or the error of a port that is taken.
    package static func start(
        _ configuration: ProvisioningDoubleConfiguration = .init(), logger: Logger = .silent
    ) async throws -> ProvisioningDouble {
        let store = try MessageStore(configuration)
        let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
        let application = DoubleApplication(store: store, logger: logger) { port in continuation.yield(port) }
        let group = ServiceGroup(configuration: .init(services: [application], logger: logger))
        let run = Task {
            defer { continuation.finish() }
            try await group.run()
        }
        var iterator = ports.makeAsyncIterator()
        guard let port = await iterator.next() else {
            try await run.value
            throw CancellationError()
        }
        return ProvisioningDouble(port: port, store: store, group: group, run: run)
    }

    private init(port: Int, store: MessageStore, group: ServiceGroup, run: Task<Void, any Error>) {
        self.port = port
        self.store = store
        self.group = group
        self.run = run
    }

    /// Ends open requests and stops listening.
    package func stop() async throws {
        await group.triggerGracefulShutdown()
        try await run.value
    }

    /// Without a slash at the end, such as `http://127.0.0.1:40123`.
    package var baseURL: String { "http://\(store.configuration.host):\(port)" }

    /// The account that may publish.
    package var events: ProvisioningDoubleConfiguration.Account { store.configuration.events }

    /// Every accepted message, in the order of acceptance.
    package var messages: [AcceptedMessage] { Array(store.messages(after: 0, limit: .max)) }

    /// Waits until `count` messages were accepted in all; returns what there is then, or after `limit`.
    package func messages(count: Int, within limit: Duration) async -> [AcceptedMessage] {
        await store.messages(count: count, until: .now + limit)
    }

    package var check: DeliveryCheck { DeliveryCheck(store.messages(after: 0, limit: .max)) }

    /// The switches as they are now: a fault with a count shows what is left of it.
    package var switches: Switches { store.switches }

    /// Sets several switches as one step.
    package func changeSwitches(_ change: (inout Switches) -> Void) { store.changeSwitches(change) }

    /// Forgets messages and subscriptions, in the journal too; the switches stay.
    package func forgetAll() throws(JournalError) { try store.forgetAll() }
}

/// Runs `body` with a double that is stopped afterwards.
package func withProvisioningDouble<Value>(
    _ configuration: ProvisioningDoubleConfiguration = .init(), logger: Logger = .silent,
    _ body: (ProvisioningDouble) async throws -> Value
) async throws -> Value {
    let double = try await ProvisioningDouble.start(configuration, logger: logger)
    let result: Value
    do {
        result = try await body(double)
    } catch {
        try await double.stop()
        throw error
    }
    try await double.stop()
    return result
}

extension Logger {
    /// Says nothing: what a double in a test is for shows in its messages.
    package static var silent: Logger { Logger(label: "provisioning-double") { _ in SwiftLogNoOpLogHandler() } }
}

/// The HTTP server and the dispatcher of a double.
struct DoubleApplication: Service {
    let store: MessageStore
    let logger: Logger
    let onRunning: @Sendable (Int) -> Void

    func run() async throws {
        let configuration = store.configuration
        let application = Application(
            responder: ProvisioningResponder(store: store, logger: logger),
            configuration: .init(address: .hostname(configuration.host, port: configuration.port)),
            onServerRunning: { channel in onRunning(channel.localAddress?.port ?? configuration.port) },
            logger: logger)
        try await withGracefulShutdownHandler {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await store.runDispatcher() }
                group.addTask { try await application.run() }
                // The server ends at a graceful stop or with an error; a journal that cannot be written ends it too.
                defer {
                    store.stop()
                    group.cancelAll()
                }
                try await group.next()
                try await group.waitForAll()
            }
        } onGracefulShutdown: {
            store.stop()
        }
    }
}
