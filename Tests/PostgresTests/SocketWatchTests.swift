// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Glibc
import TestSupport
import Testing

@testable import Postgres

@Suite("Watched sockets", .timeLimit(.minutes(1))) struct SocketWatchTests {
    /// Two ends of a connection, and a watch of the first one on a queue of its own.
    private final class Pair: @unchecked Sendable {
        let queue = DispatchQueue(label: "test.socket")
        let watch: SocketWatch
        private(set) var ends: [Int32] = [0, 0]

        init(_ place: SocketWatch.Place, poller: SocketPoller = .shared) throws {
            try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
            watch = try SocketWatch(ends[0], queue: queue, place: place, poller: poller)
        }

        deinit {
            watch.cancel()
            close(ends[0])
            if ends[1] >= 0 { close(ends[1]) }
        }

        func send(_ text: String) { _ = text.withCString { write(ends[1], $0, strlen($0)) } }

        func hangUp() {
            close(ends[1])
            ends[1] = -1
        }

        /// On the queue.
        func readByte() -> UInt8? {
            var byte: UInt8 = 0
            return recv(ends[0], &byte, 1, Int32(MSG_DONTWAIT)) == 1 ? byte : nil
        }

        /// On the queue.
        func collect(into bytes: Shared<[UInt8]>) {
            watch.handle {
                if let byte = self.readByte() { bytes.update { $0.append(byte) } }
            } onWritable: {
            }
        }
    }

    @Test("What is left in the socket is told of again", arguments: [SocketWatch.Place.poller, .queue])
    func rest(place: SocketWatch.Place) async throws {
        let pair = try Pair(place)
        let bytes = Shared<[UInt8]>([])
        pair.queue.sync {
            pair.collect(into: bytes)
            pair.watch.watch(reads: true)
        }
        pair.send("abc")
        try await wait(until: "all is read") { bytes.value == Array("abc".utf8) }
        pair.queue.sync { pair.watch.cancel() }
    }

    @Test("Nothing is told while nobody reads, and what came meanwhile when somebody does")
    func paused() async throws {
        let pair = try Pair(.queue)
        let bytes = Shared<[UInt8]>([])
        pair.queue.sync {
            pair.collect(into: bytes)
            pair.watch.watch(reads: true)
        }
        pair.send("a")
        try await wait(until: "the first is read") { bytes.value.count == 1 }
        pair.queue.sync { pair.watch.watch(reads: false) }
        pair.send("b")
        let other = try Pair(.queue)
        let others = Shared<[UInt8]>([])
        other.queue.sync {
            other.collect(into: others)
            other.watch.watch(reads: true)
        }
        other.send("x")
        try await wait(until: "a later one is read") { others.value.count == 1 }
        #expect(bytes.value.count == 1)
        pair.queue.sync { pair.watch.watch(reads: true) }
        try await wait(until: "both are read") { bytes.value == Array("ab".utf8) }
        for pair in [pair, other] { pair.queue.sync { pair.watch.cancel() } }
    }

    @Test(
        "A connection that ends while nobody reads keeps no thread busy", arguments: [SocketWatch.Place.poller, .queue])
    func endWhilePaused(place: SocketWatch.Place) async throws {
        // One that has these two sockets alone. Its thread stays until the process ends, asleep.
        let poller = SocketPoller()
        let pair = try Pair(place, poller: poller)
        pair.queue.sync {
            pair.watch.watch(reads: true)
            pair.watch.watch(reads: false)
        }
        pair.hangUp()
        // The poller comes to this after it has told of the end.
        let clock = try await Self.clock(ofThreadOf: poller)
        pair.queue.sync {}
        let before = Self.microseconds(clock)
        for _ in 0..<1000 {
            pair.queue.sync {}
            await Task.yield()
        }
        #expect(Self.microseconds(clock) - before < 200)
        // Who reads again hears of it.
        let ended = Shared(false)
        pair.queue.sync {
            pair.watch.handle {
                ended.update { $0 = true }
                pair.watch.cancel()
            } onWritable: {
            }
            pair.watch.watch(reads: true)
        }
        try await wait(until: "the end is seen") { ended.value }
    }

    /// The clock of the time that a processor gives to the poller's thread.
    private static func clock(ofThreadOf poller: SocketPoller) async throws -> clockid_t {
        let pair = try Pair(.poller, poller: poller)
        let clock = Shared<clockid_t?>(nil)
        pair.queue.sync {
            pair.watch.handle {
                var id = clockid_t()
                if pthread_getcpuclockid(pthread_self(), &id) == 0 { clock.update { $0 = id } }
                pair.watch.cancel()
            } onWritable: {
            }
            pair.watch.watch(reads: true)
        }
        pair.send("x")
        try await wait(until: "the thread is known") { clock.value != nil }
        return try #require(clock.value)
    }

    private static func microseconds(_ clock: clockid_t) -> Int {
        var time = timespec()
        clock_gettime(clock, &time)
        return time.tv_sec * 1_000_000 + time.tv_nsec / 1000
    }

    @Test("A watch that was cancelled says nothing more, also of what had come before")
    func cancelled() async throws {
        let (pair, later) = (try Pair(.queue), try Pair(.poller))
        let bytes = Shared<[UInt8]>([])
        let hasCome = DispatchSemaphore(value: 0)
        later.queue.sync {
            later.watch.handle {
                later.watch.cancel()
                hasCome.signal()
            } onWritable: {
            }
            later.watch.watch(reads: true)
        }
        pair.queue.sync {
            pair.collect(into: bytes)
            pair.watch.watch(reads: true)
            pair.send("a")
            later.send("b")
            // The poller has been told of both; the first waits for the queue, which is busy with this.
            hasCome.wait()
            pair.watch.cancel()
        }
        pair.queue.sync {}
        #expect(bytes.value.isEmpty)
    }
}
