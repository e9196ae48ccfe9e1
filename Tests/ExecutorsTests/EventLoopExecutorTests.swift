// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Executors
import NIOCore
import NIOPosix
import Testing

@Suite("Tasks on event loops", .timeLimit(.minutes(1))) struct EventLoopExecutorTests {
    private let loop = MultiThreadedEventLoopGroup.singleton.next()

    @Test("A task runs on its event loop, and is there again after every wait")
    func runsOnTheLoop() async throws {
        try await withTaskExecutorPreference(EventLoopExecutor(loop)) {
            #expect(loop.inEventLoop)
            await Task.yield()
            #expect(loop.inEventLoop)
            try await Task.sleep(for: .milliseconds(1))
            #expect(loop.inEventLoop)
            await withTaskGroup(of: Bool.self) { group in
                group.addTask { loop.inEventLoop }
                #expect(await group.next() == true)
            }
        }
    }

    @Test("What leaves the loop prefers no executor, and the task comes back")
    func leaves() async throws {
        try await withTaskExecutorPreference(EventLoopExecutor(loop)) {
            let (isOnLoop, hasPreference) = try await offEventLoop { [loop] in
                (loop.inEventLoop, withUnsafeCurrentTask { $0?.unownedTaskExecutor } != nil)
            }
            #expect(!isOnLoop && !hasPreference)
            #expect(loop.inEventLoop)
        }
    }

    @Test("Errors, cancellation and values of the task reach what has left the loop")
    func belongsToItsTask() async throws {
        struct Failure: Error {}
        let loop = loop
        await #expect(throws: Failure.self) {
            try await withTaskExecutorPreference(EventLoopExecutor(loop)) {
                try await offEventLoop { throw Failure() }
            }
        }
        let task = Task {
            try await withTaskExecutorPreference(EventLoopExecutor(loop)) {
                try await Kept.$number.withValue(7) {
                    try await offEventLoop {
                        while !Task.isCancelled { await Task.yield() }
                        return Kept.number
                    }
                }
            }
        }
        task.cancel()
        #expect(try await task.value == 7)
    }

    @Test("Without a preference nothing changes")
    func stays() async throws {
        let outer = withUnsafeCurrentTask { $0?.hashValue }
        let inner = try await offEventLoop { withUnsafeCurrentTask { $0?.hashValue } }
        #expect(outer == inner)
    }

    private enum Kept {
        @TaskLocal static var number = 0
    }
}
