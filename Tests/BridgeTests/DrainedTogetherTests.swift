// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Logging
import ServiceLifecycle
import Synchronization
import Testing

@testable import scim_bridge

@Suite(.timeLimit(.minutes(1))) struct DrainedTogetherTests {
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// Ends only after all of `count` have been told to stop.
    private struct Meeting: Service {
        let told: Told

        func run() async throws {
            try await gracefulShutdown()
            await told.arrive()
        }
    }

    private actor Told {
        private var missing: Int
        private var waiting: [CheckedContinuation<Void, Never>] = []

        init(count: Int) { missing = count }

        func arrive() async {
            missing -= 1
            if missing == 0 {
                for continuation in waiting { continuation.resume() }
            } else {
                await withCheckedContinuation { waiting.append($0) }
            }
        }
    }

    private struct Failing: Service {
        struct Failure: Error {}
        func run() async throws { throw Failure() }
    }

    private struct Ending: Service {
        func run() async throws {}
    }

    private struct Staying: Service {
        func run() async throws { try await gracefulShutdown() }
    }

    @Test("All are told to stop at once, so that none waits for another to drain")
    func together() async throws {
        let told = Told(count: 3)
        let services = DrainedTogether([Meeting(told: told), Meeting(told: told), Meeting(told: told)])
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(services: [services], logger: Self.logger))
        async let run: Void = group.run()
        await group.triggerGracefulShutdown()
        try await run
    }

    @Test("The failure of one ends the others")
    func failure() async throws {
        await #expect(throws: Failing.Failure.self) { try await DrainedTogether([Staying(), Failing()]).run() }
    }

    @Test("One that ends by itself is a failure")
    func ended() async throws {
        await #expect(throws: ServiceEnded.self) { try await DrainedTogether([Staying(), Ending()]).run() }
    }
}
