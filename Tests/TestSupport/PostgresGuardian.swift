// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Runs a postmaster under a shell that stops it when this process closes a pipe, or ends.
final class PostgresGuardian: Sendable {
    /// The postmaster itself, not the shell.
    let pid: pid_t
    private let shell: pid_t
    private let control: Int32

    init(_ words: [String], directory: String) throws {
        let script = """
            "$@" </dev/null >>"$0/log" 2>&1 &
            child=$!
            echo $child
            exec >&-
            command=$(cat)
            case $command in keep) signal=INT ;; *) signal=QUIT ;; esac
            kill -$signal $child 2>/dev/null
            kill -CONT $child 2>/dev/null
            wait $child 2>/dev/null
            [ "$command" = keep ] || rm -rf "$0"
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

    /// Stops the postmaster and waits until it has gone.
    func end(keepingDirectory: Bool) {
        if keepingDirectory {
            _ = Array("keep".utf8).withUnsafeBytes { Glibc.write(control, $0.baseAddress, $0.count) }
        }
        Glibc.close(control)
        var status: Int32 = 0
        waitpid(shell, &status, 0)
    }

    /// Runs a program to its end; throws unless it succeeds.
    static func run(_ words: [String]) throws {
        let pid = try spawn(["/usr/bin/env"] + words, input: nil, output: nil)
        var status: Int32 = 0
        waitpid(pid, &status, 0)
        guard status == 0 else {
            throw PostgresServer.Failure(description: "\(words.joined(separator: " ")) failed: \(status)")
        }
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
        // A session of its own: an interrupt from the terminal must not reach the shell before it has cleaned up. The
        // threads of Dispatch block signals, and a shell that inherits that waits for its child for ever.
        var mask = sigset_t()
        sigemptyset(&mask)
        posix_spawnattr_setsigmask(&attributes, &mask)
        let newSession: Int16 = 0x80  // POSIX_SPAWN_SETSID, which the Glibc module hides
        posix_spawnattr_setflags(&attributes, newSession | Int16(POSIX_SPAWN_SETSIGMASK))
        let arguments = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var pid: pid_t = 0
        let error = posix_spawn(&pid, words[0], &actions, &attributes, arguments, environ)
        guard error == 0 else {
            throw PostgresServer.Failure(description: "cannot run \(words[0]): \(String(cString: strerror(error)))")
        }
        return pid
    }

    /// Closed in every other child, or the shell would not notice our end; Glibc's module hides `pipe2`.
    private static func pipe() throws -> (read: Int32, write: Int32) {
        var ends: [Int32] = [0, 0]
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else { throw PostgresServer.Failure(description: "no pipe") }
        return (ends[0], ends[1])
    }

    private static func readNumber(_ descriptor: Int32) throws -> pid_t {
        var text: [UInt8] = []
        var byte: UInt8 = 0
        while Glibc.read(descriptor, &byte, 1) == 1, byte != UInt8(ascii: "\n") { text.append(byte) }
        guard let number = pid_t(String(decoding: text, as: UTF8.self)) else {
            throw PostgresServer.Failure(description: "the process did not start")
        }
        return number
    }
}
