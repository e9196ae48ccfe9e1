// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Executors
import Testing

private actor Counter {
    nonisolated let executor: DispatchExecutor
    private var value = 0

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    init(executor: DispatchExecutor) { self.executor = executor }

    func increment() -> Int {
        dispatchPrecondition(condition: .onQueue(executor.dispatchQueue))
        value += 1
        return value
    }
}

@Suite(.timeLimit(.minutes(1))) struct DispatchExecutorTests {
    @Test("An actor runs on its dispatch queue, one call after the other")
    func runsOnTheQueue() async {
        let counter = Counter(executor: DispatchExecutor(label: "test"))
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<1_000 { group.addTask { _ = await counter.increment() } }
        }
        #expect(await counter.increment() == 1_001)
    }

    @Test("A block on the dispatch queue may enter the actor")
    func assumeIsolated() async {
        let counter = Counter(executor: DispatchExecutor(label: "test"))
        let value = await withCheckedContinuation { continuation in
            counter.executor.dispatchQueue.async {
                continuation.resume(returning: counter.assumeIsolated { $0.increment() })
            }
        }
        #expect(value == 1)
    }

    @Test("Two actors may share one executor")
    func sharedExecutor() async {
        let executor = DispatchExecutor(label: "test")
        let (first, second) = (Counter(executor: executor), Counter(executor: executor))
        #expect(await first.increment() == 1)
        #expect(await second.increment() == 1)
    }
}
