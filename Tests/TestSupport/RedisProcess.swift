// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// A child process that cannot outlive this one: a shell waits for the end of a pipe that only this process holds, then
/// kills the child and removes its directory, however this process ended.
final class RedisProcess: Sendable {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// The child itself, not the shell.
    let pid: pid_t
    private let shell: pid_t
    private let control: Int32

    /// - Parameter words: The program, found in `PATH`, and its arguments.
    init(_ words: [String], directory: String) throws {
        let script = """
            "$@" </dev/null >/dev/null 2>&1 &
            child=$!
            echo $child
            exec >&-
            cat >/dev/null
            kill -KILL $child 2>/dev/null
            wait $child 2>/dev/null
            rm -rf "$0"
            """
        let (controlRead, controlWrite) = try Self.pipe()
        let (pidRead, pidWrite) = try Self.pipe()
        defer { Glibc.close(pidRead) }
        do {
            shell = try Self.spawn(["/bin/sh", "-c", script, directory] + words, input: controlRead, output: pidWrite)
        } catch {
            for descriptor in [controlRead, controlWrite, pidWrite] { Glibc.close(descriptor) }
            throw error
        }
        control = controlWrite
        Glibc.close(controlRead)
        Glibc.close(pidWrite)
        pid = try Self.readNumber(pidRead)
    }

    func signal(_ signal: Int32) { Glibc.kill(pid, signal) }

    /// Kills the child and waits until it is gone.
    func end() {
        Glibc.close(control)
        var status: Int32 = 0
        waitpid(shell, &status, 0)
    }

    /// Runs a program to its end; throws unless it succeeds.
    static func run(_ words: [String]) throws {
        let pid = try spawn(["/usr/bin/env"] + words, input: nil, output: nil)
        var status: Int32 = 0
        waitpid(pid, &status, 0)
        guard status == 0 else { throw Failure(description: "\(words.joined(separator: " ")) failed: \(status)") }
    }

    private static func spawn(_ words: [String], input: Int32?, output: Int32?) throws -> pid_t {
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
        // A session of its own: an interrupt from the terminal must not reach the shell before it has cleaned up.
        let newSession: Int16 = 0x80  // POSIX_SPAWN_SETSID, which the Glibc module hides
        posix_spawnattr_setflags(&attributes, newSession)
        let arguments = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, words[0], &actions, &attributes, arguments, environ)
        guard code == 0 else { throw Failure(description: "\(words[0]) cannot be started: \(code)") }
        return pid
    }

    private static func pipe() throws -> (read: Int32, write: Int32) {
        var ends: [Int32] = [0, 0]
        // Closed in every child, or the shell would not notice our end; pipe2 is hidden from Swift.
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else { throw Failure(description: "no pipe: \(errno)") }
        return (ends[0], ends[1])
    }

    private static func readNumber(_ descriptor: Int32) throws -> pid_t {
        var text = ""
        var byte: UInt8 = 0
        while read(descriptor, &byte, 1) == 1, byte != UInt8(ascii: "\n") {
            text.append(Character(Unicode.Scalar(byte)))
        }
        guard let number = pid_t(text) else { throw Failure(description: "the shell did not tell a process id") }
        return number
    }
}
