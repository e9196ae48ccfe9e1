// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import Glibc

/// A process that cannot outlive this one: a shell waits for the end of a pipe that only this process holds, then kills it.
final class Child: Sendable {
    let name: String
    /// The program itself, not the shell.
    let pid: pid_t
    let log: String
    private let shell: pid_t
    private let control: Int32

    /// - Parameters:
    ///   - words: The program and its arguments.
    ///   - environment: Added to ours.
    ///   - log: Where its output is appended.
    init(_ name: String, _ words: [String], environment: [String: String] = [:], log: String) throws {
        self.name = name
        self.log = log
        let script = """
            "$@" </dev/null >>"$0" 2>&1 &
            child=$!
            echo $child
            exec >&-
            cat >/dev/null
            kill -KILL $child 2>/dev/null
            kill -CONT $child 2>/dev/null
            wait $child 2>/dev/null
            """
        Descriptors.closeOnExec()
        let (controlRead, controlWrite) = try Self.pipe()
        let (pidRead, pidWrite) = try Self.pipe()
        defer { Glibc.close(pidRead) }
        do {
            shell = try Self.spawn(
                ["/bin/sh", "-c", script, log] + words, environment, input: controlRead, output: pidWrite)
        } catch {
            for descriptor in [controlRead, controlWrite, pidWrite] { Glibc.close(descriptor) }
            throw error
        }
        control = controlWrite
        Glibc.close(controlRead)
        Glibc.close(pidWrite)
        pid = try Self.readNumber(pidRead)
    }

    /// False also for one that has ended and whose shell has not noticed.
    var isRunning: Bool {
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
            let end = text.lastIndex(of: ")")
        else { return false }
        return text[text.index(after: end)...].split(separator: " ").first != "Z"
    }

    func signal(_ signal: Int32) { Glibc.kill(pid, signal) }

    /// Kills it, if it still runs, and waits until it is gone. Once only.
    func end() {
        Glibc.kill(pid, SIGKILL)
        Glibc.close(control)
        var status: Int32 = 0
        waitpid(shell, &status, 0)
    }

    var logTail: String {
        guard let text = try? String(contentsOfFile: log, encoding: .utf8) else { return "(no log)" }
        return text.split(separator: "\n").suffix(12).joined(separator: "\n")
    }

    /// Runs a program to its end.
    /// - Throws: ``ChaosFailure`` unless it succeeds.
    static func run(_ words: [String], environment: [String: String] = [:]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: words[0])
        process.arguments = Array(words.dropFirst())
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw ChaosFailure("\(words.joined(separator: " ")) failed:\n\(text)")
        }
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private static func spawn(
        _ words: [String], _ environment: [String: String], input: Int32, output: Int32
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_RDWR, 0)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // A session of its own, and the usual signals: threads of Dispatch block them, and a child would inherit that.
        var mask = sigset_t()
        sigemptyset(&mask)
        posix_spawnattr_setsigmask(&attributes, &mask)
        let newSession: Int16 = 0x80  // POSIX_SPAWN_SETSID, which the Glibc module hides
        posix_spawnattr_setflags(&attributes, newSession | Int16(POSIX_SPAWN_SETSIGMASK))
        let all = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let arguments = words.map { strdup($0) } + [nil]
        let variables = all.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in arguments + variables { free(text) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, words[0], &actions, &attributes, arguments, variables)
        guard code == 0 else { throw ChaosFailure("\(words[0]) cannot be started: \(code)") }
        return pid
    }

    private static func pipe() throws -> (read: Int32, write: Int32) {
        var ends: [Int32] = [0, 0]
        // Closed in every other child, or the shell would not notice our end; Glibc's module hides `pipe2`.
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else { throw ChaosFailure("no pipe: \(errno)") }
        return (ends[0], ends[1])
    }

    private static func readNumber(_ descriptor: Int32) throws -> pid_t {
        var text: [UInt8] = []
        var byte: UInt8 = 0
        while Glibc.read(descriptor, &byte, 1) == 1, byte != UInt8(ascii: "\n") { text.append(byte) }
        guard let number = pid_t(String(decoding: text, as: UTF8.self)) else {
            throw ChaosFailure("a process did not start")
        }
        return number
    }
}

/// NIO's sockets are not closed in processes that are started meanwhile: whoever inherits a proxy's connection keeps it open, and its server
/// never learns that the client has been killed.
enum Descriptors {
    static func closeOnExec() {
        for descriptor in Int32(3)..<1024 {
            let flags = fcntl(descriptor, F_GETFD)
            if flags >= 0, flags & FD_CLOEXEC == 0 { _ = fcntl(descriptor, F_SETFD, flags | FD_CLOEXEC) }
        }
    }
}

/// Ports of this machine.
enum Port {
    /// Free a moment ago, below the range that the kernel gives to clients.
    static func free() throws -> Int {
        for _ in 0..<200 {
            let port = Int.random(in: 20_000..<32_000)
            if withAddress(port, { descriptor, address, length in bind(descriptor, address, length) == 0 }) {
                return port
            }
        }
        throw ChaosFailure("no free port")
    }

    static func answers(_ port: Int) -> Bool {
        withAddress(port) { descriptor, address, length in connect(descriptor, address, length) == 0 }
    }

    static func waitUntilAnswers(_ port: Int, _ child: Child, limit: Duration = .seconds(30)) async throws {
        let end = ContinuousClock.now + limit
        while !answers(port) {
            guard child.isRunning, ContinuousClock.now < end else {
                throw ChaosFailure("\(child.name) does not answer on port \(port):\n\(child.logTail)")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private static func withAddress(
        _ port: Int, _ body: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Bool
    ) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
