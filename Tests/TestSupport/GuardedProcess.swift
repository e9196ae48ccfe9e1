// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// A child process that cannot outlive this one: a shell waits for the end of a pipe that only this process holds, then stops the child and
/// removes its directory, however this process ended.
package final class GuardedProcess: Sendable {
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// The child itself, not the shell.
    package let pid: Int32
    private let shell: pid_t
    private let control: Int32

    private static let script = """
        log=$0 directory=$1 stop=$2 keep=$3
        shift 3
        "$@" </dev/null >>"$log" 2>&1 &
        child=$!
        echo $child
        exec >&-
        command=$(cat)
        case $command in keep) signal=$keep ;; *) signal=$stop ;; esac
        kill -$signal $child 2>/dev/null
        kill -CONT $child 2>/dev/null
        wait $child 2>/dev/null
        [ "$command" = keep ] || [ -z "$directory" ] || rm -rf "$directory"
        """

    /// - Parameters:
    ///   - words: The program, found in `PATH`, and its arguments.
    ///   - environment: Added to ours.
    ///   - log: Where its output is appended.
    ///   - directory: Removed when the child has ended.
    ///   - stop: The signal that ends it, without `SIG`.
    ///   - keep: The one that ends it if its directory stays.
    package init(
        _ words: [String], environment: [String: String] = [:], log: String = "/dev/null", directory: String = "",
        stop: String = "KILL", keep: String = "KILL"
    ) throws {
        let (controlRead, controlWrite) = try Self.pipe()
        let (pidRead, pidWrite) = try Self.pipe()
        defer { Glibc.close(pidRead) }
        do {
            shell = try Self.spawn(
                ["/bin/sh", "-c", Self.script, log, directory, stop, keep] + words, environment, input: controlRead,
                output: pidWrite)
        } catch {
            for descriptor in [controlRead, controlWrite, pidWrite] { Glibc.close(descriptor) }
            throw error
        }
        control = controlWrite
        Glibc.close(controlRead)
        Glibc.close(pidWrite)
        do {
            pid = try Self.readNumber(pidRead)
        } catch {
            Glibc.close(controlWrite)
            throw error
        }
    }

    package func signal(_ signal: Int32) { Glibc.kill(pid, signal) }

    /// False also for one that has ended and whose shell has not noticed.
    package var isRunning: Bool {
        guard let stream = fopen("/proc/\(pid)/stat", "r") else { return false }
        defer { fclose(stream) }
        var bytes = [UInt8](repeating: 0, count: 512)
        let count = fread(&bytes, 1, bytes.count, stream)
        let text = bytes.prefix(count)
        guard let end = text.lastIndex(of: UInt8(ascii: ")")), end + 2 < text.endIndex else { return false }
        return text[end + 2] != UInt8(ascii: "Z")
    }

    /// Stops the child and waits until it is gone. Once only.
    package func end(keepingDirectory: Bool = false) {
        if keepingDirectory {
            _ = Array("keep".utf8).withUnsafeBytes { Glibc.write(control, $0.baseAddress, $0.count) }
        }
        Glibc.close(control)
        var status: Int32 = 0
        waitpid(shell, &status, 0)
    }

    /// Runs a program, found in `PATH`, to its end; throws unless it succeeds.
    package static func run(_ words: [String]) throws {
        let pid = try spawn(["/usr/bin/env"] + words, [:], input: nil, output: nil)
        var status: Int32 = 0
        waitpid(pid, &status, 0)
        guard status == 0 else { throw Failure(description: "\(words.joined(separator: " ")) failed: \(status)") }
    }

    private static func spawn(
        _ words: [String], _ environment: [String: String], input: Int32?, output: Int32?
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (descriptor, target) in [(input, 0), (output, 1), (nil, 2)] as [(Int32?, Int32)] {
            if let descriptor {
                posix_spawn_file_actions_adddup2(&actions, descriptor, target)
            } else {
                posix_spawn_file_actions_addopen(&actions, target, "/dev/null", O_RDWR, 0)
            }
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // A session of its own: an interrupt from the terminal must not reach the shell before it has cleaned up. The threads of Dispatch
        // block signals, and a shell that inherits that waits for its child for ever.
        var mask = sigset_t()
        sigemptyset(&mask)
        posix_spawnattr_setsigmask(&attributes, &mask)
        let newSession: Int16 = 0x80  // POSIX_SPAWN_SETSID, which the Glibc module hides
        posix_spawnattr_setflags(&attributes, newSession | Int16(POSIX_SPAWN_SETSIGMASK))
        let arguments = words.map { strdup($0) } + [nil]
        let variables = inherited(with: environment).map { strdup($0) } + [nil]
        defer { for text in arguments + variables { free(text) } }
        var pid: pid_t = 0
        let error = posix_spawn(&pid, words[0], &actions, &attributes, arguments, variables)
        guard error == 0 else {
            throw Failure(description: "cannot run \(words[0]): \(String(cString: strerror(error)))")
        }
        return pid
    }

    /// Our environment with `added`, as `NAME=value`.
    private static func inherited(with added: [String: String]) -> [String] {
        var variables = added.map { "\($0.key)=\($0.value)" }
        var next = environ
        while let text = next.pointee {
            let variable = String(cString: text)
            if added[String(variable.prefix { $0 != "=" })] == nil { variables.append(variable) }
            next = next.successor()
        }
        return variables
    }

    /// Closed in every other child, or the shell would not notice our end; Glibc's module hides `pipe2`.
    private static func pipe() throws -> (read: Int32, write: Int32) {
        var ends: [Int32] = [0, 0]
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else { throw Failure(description: "no pipe: \(errno)") }
        return (ends[0], ends[1])
    }

    private static func readNumber(_ descriptor: Int32) throws -> pid_t {
        var text: [UInt8] = []
        var byte: UInt8 = 0
        while Glibc.read(descriptor, &byte, 1) == 1, byte != UInt8(ascii: "\n") { text.append(byte) }
        guard let number = pid_t(String(decoding: text, as: UTF8.self)) else {
            throw Failure(description: "the process did not start")
        }
        return number
    }
}
