// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import scim_bridge

@Suite(.timeLimit(.minutes(1))) struct ChildProcessTests {
    private func withChild(_ body: (ChildProcess) async throws -> Void) async throws {
        try await withFolder { (path) async throws in
            let folder = DevFolder(path)
            try folder.create()
            let child = ChildProcess("child", in: folder)
            do {
                try await body(child)
                await child.stop()
            } catch {
                await child.stop()
                throw error
            }
        }
    }

    /// Processes of a session that are no zombies: fields 3 and 6 of their stat, counted after the last `)` of the name.
    private static func living(inSession session: pid_t) -> [String] {
        let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return all.filter { id in
            guard let text = try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8),
                let end = text.lastIndex(of: ")")
            else { return false }
            let fields = text[text.index(after: end)...].split(separator: " ")
            return fields.count > 3 && fields[0] != "Z" && fields[3] == "\(session)"
        }
    }

    private static func shell(_ script: String) -> [String] { ["/bin/sh", "-c", script] }

    @Test("A process that does its work is waited for")
    func done() async throws {
        try await withChild { child in
            try child.start(Self.shell("sleep 0.2; echo done"))
            try await child.waitUntilDone()
            #expect(child.runningID == nil)
            #expect(try String(contentsOfFile: child.logFile, encoding: .utf8) == "done\n")
            #expect(!FileManager.default.fileExists(atPath: child.pidFile))
        }
    }

    @Test("One that fails is told with the end of its log")
    func failed() async throws {
        try await withChild { child in
            try child.start(Self.shell("sleep 0.2; echo no space left; exit 3"))
            let failure = await #expect(throws: CommandFailure.self) { try await child.waitUntilDone() }
            #expect(failure?.message.contains("no space left") == true)
        }
    }

    @Test("One that takes too long is stopped")
    func slow() async throws {
        try await withChild { child in
            try child.start(Self.shell("sleep 300"))
            await #expect(throws: CommandFailure.self) { try await child.waitUntilDone(limit: .milliseconds(100)) }
            #expect(child.runningID == nil)
        }
    }

    @Test("A cancelled wait leaves no process behind, nor one that it has started")
    func cancelled() async throws {
        try await withChild { child in
            // Ignores the request to end, and so does its child.
            try child.start(Self.shell("trap '' TERM; sleep 300 & wait; wait"))
            let id = try #require(child.runningID)
            try await child.waitUntilReady { Self.living(inSession: id).count == 2 }
            let wait = Task { try await child.waitUntilDone() }
            wait.cancel()
            await #expect(throws: CancellationError.self) { try await wait.value }
            #expect(child.runningID == nil)
            #expect(Self.living(inSession: id).isEmpty)
        }
    }

    @Test("What this process ignores, a child does not")
    func signals() async throws {
        StandardStream.ignoreBrokenPipes()
        try await withChild { child in
            try child.start(Self.shell("sleep 0.2; grep SigIgn /proc/self/status"))
            try await child.waitUntilDone()
            let log = try String(contentsOfFile: child.logFile, encoding: .utf8)
            let ignored = try #require(
                UInt64(log.trimmingCharacters(in: .whitespacesAndNewlines).suffix(16), radix: 16))
            // The real-time signals above are glibc's own.
            #expect(ignored & 0x7FFF_FFFF == 0)
        }
    }

    @Test("A process id that was given to somebody else does not count")
    func reused() async throws {
        try await withChild { child in
            try "\(getpid()) 1\n".write(toFile: child.pidFile, atomically: true, encoding: .utf8)
            #expect(child.runningID == nil)
            await child.stop()
        }
    }
}
