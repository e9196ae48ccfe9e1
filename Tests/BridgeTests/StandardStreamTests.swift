// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import scim_bridge

/// A log that cannot be written never ends the process.
@Suite struct StandardStreamTests {
    private let readEnd: Int32
    private let writeEnd: Int32

    init() throws {
        StandardStream.ignoreBrokenPipes()
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        // A child of another test must not keep it open.
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        (readEnd, writeEnd) = (ends[0], ends[1])
    }

    @Test("What is written arrives whole")
    func whole() {
        defer { closeBoth() }
        #expect(StandardStream(descriptor: writeEnd).write("a line\n"))
        #expect(StandardStream(descriptor: writeEnd).write(""))
        var buffer = [UInt8](repeating: 0, count: 100)
        let count = read(readEnd, &buffer, buffer.count)
        #expect(String(decoding: buffer.prefix(max(count, 0)), as: UTF8.self) == "a line\n")
    }

    @Test("A reader that has gone costs the line only")
    func brokenPipe() {
        close(readEnd)
        #expect(!StandardStream(descriptor: writeEnd).write("a line\n"))
        close(writeEnd)
    }

    @Test("A full disk costs the line only")
    func fullDisk() {
        defer { closeBoth() }
        let full = open("/dev/full", O_WRONLY)
        #expect(!StandardStream(descriptor: full).write("a line\n"))
        close(full)
        #expect(!StandardStream(descriptor: -1).write("a line\n"))
    }

    @Test("A reader that is behind is waited for, but not for ever", .timeLimit(.minutes(1)))
    func fullPipe() async {
        #expect(fcntl(writeEnd, F_SETFL, O_NONBLOCK) == 0)
        let text = String(repeating: "x", count: 1 << 20)
        let without = StandardStream(descriptor: writeEnd).write(text)
        #expect(!without)

        // With somebody who reads, all of it arrives.
        let (totals, ended) = AsyncStream.makeStream(of: Int.self)
        // A thread of its own, because the calls block.
        Thread.detachNewThread { [readEnd] in
            var total = 0
            var buffer = [UInt8](repeating: 0, count: 4096)
            while true {
                let count = read(readEnd, &buffer, buffer.count)
                guard count > 0 else { break }
                total += count
            }
            ended.yield(total)
        }
        let with = StandardStream(descriptor: writeEnd).write(text)
        #expect(with)
        close(writeEnd)
        var iterator = totals.makeAsyncIterator()
        #expect(await iterator.next() ?? 0 > text.utf8.count)
        close(readEnd)
    }

    private func closeBoth() {
        close(readEnd)
        close(writeEnd)
    }
}
