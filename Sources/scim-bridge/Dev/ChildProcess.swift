// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A process that `dev` starts and that may outlive it: found again by its process id and start time, adopted or stopped.
///
/// It has a session of its own, so that Ctrl-C reaches `dev` alone, which then stops its children in order.
struct ChildProcess: Sendable {
    let name: String
    let pidFile: String
    let logFile: String

    /// `POSIX_SPAWN_SETSID` of glibc and musl, which their headers show to GNU sources only.
    private static let spawnInOwnSession: Int32 = 0x80

    init(_ name: String, in folder: DevFolder) {
        self.name = name
        pidFile = folder.path + "/run/\(name).pid"
        logFile = folder.logs + "/\(name).log"
    }

    /// The running process, or nil when it has ended. A process id that was given to somebody else since does not count.
    var runningID: pid_t? {
        guard let text = try? String(contentsOfFile: pidFile, encoding: .utf8) else { return nil }
        let fields = text.split(whereSeparator: \.isWhitespace)
        guard fields.count == 2, let id = pid_t(fields[0]), Self.startTime(of: id) == String(fields[1]) else {
            return nil
        }
        return id
    }

    /// - Parameters:
    ///   - command: Program and arguments; the program is an absolute path.
    ///   - user: Whose rights it gets; only when this process is root.
    ///   - folder: Its working folder if it has an account of its own, which may not be able to enter ours.
    func start(_ command: [String], user: UnprivilegedUser? = nil, in folder: String? = nil) throws {
        let arguments = user.map { $0.wrap(command, in: folder ?? "/") } ?? command
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, logFile, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        // What this process ignores, a child would ignore too.
        var usual = sigset_t()
        sigemptyset(&usual)
        for signal in [SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM] { sigaddset(&usual, signal) }
        posix_spawnattr_setsigdefault(&attributes, &usual)
        posix_spawnattr_setflags(
            &attributes, Int16(Self.spawnInOwnSession | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        let inherited = ProcessInfo.processInfo.environment
        let result = Self.withCStrings(arguments) { argv in
            Self.withCStrings(inherited.map { "\($0)=\($1)" }) { envp in
                var id: pid_t = 0
                let status = posix_spawn(&id, arguments[0], &actions, &attributes, argv, envp)
                return (status, id)
            }
        }
        guard result.0 == 0 else {
            throw CommandFailure("\(name) cannot be started (\(arguments[0])): \(String(cString: strerror(result.0)))")
        }
        guard let time = Self.startTime(of: result.1) else {
            throw CommandFailure("\(name) ended at once. Its log: \(logFile)")
        }
        try "\(result.1) \(time)\n".write(toFile: pidFile, atomically: true, encoding: .utf8)
    }

    /// Waits until `isReady` says yes.
    /// - Throws: ``CommandFailure`` with the end of its log when the process ends or is not ready in time.
    func waitUntilReady(limit: Duration = .seconds(30), isReady: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now.advanced(by: limit)
        while ContinuousClock.now < deadline {
            if try await isReady() { return }
            reap()
            if runningID == nil {
                throw CommandFailure("\(name) ended while starting:\n\(logTail)\n(\(logFile))")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw CommandFailure("\(name) is not ready after \(limit):\n\(logTail)\n(\(logFile))")
    }

    /// Waits for a process that does its work and ends.
    /// - Throws: ``CommandFailure`` with the end of its log when it fails or takes longer than `limit`; it is stopped then, as it is when the
    ///   task is cancelled.
    func waitUntilDone(limit: Duration = .seconds(120)) async throws {
        let deadline = ContinuousClock.now.advanced(by: limit)
        do {
            while ContinuousClock.now < deadline {
                if let status = reap() {
                    try? FileManager.default.removeItem(atPath: pidFile)
                    guard status == 0 else { throw CommandFailure("\(name) failed:\n\(logTail)\n(\(logFile))") }
                    return
                }
                try await Task.sleep(for: .milliseconds(50))
            }
            throw CommandFailure("\(name) has not ended after \(limit):\n\(logTail)\n(\(logFile))")
        } catch {
            await stop(limit: .seconds(5))
            throw error
        }
    }

    /// Asks the process to end and waits; kills it when it does not end in time.
    func stop(signal: Int32 = SIGTERM, limit: Duration = .seconds(15)) async {
        guard let id = runningID else {
            try? FileManager.default.removeItem(atPath: pidFile)
            return
        }
        kill(id, signal)
        let deadline = ContinuousClock.now.advanced(by: limit)
        while runningID != nil, ContinuousClock.now < deadline {
            reap()
            // Not interrupted by cancellation: a stop that is begun is finished.
            usleep(20_000)
        }
        if runningID != nil {
            // With what it has started itself; it leads a group of its own.
            kill(-id, SIGKILL)
            usleep(100_000)
        }
        reap()
        try? FileManager.default.removeItem(atPath: pidFile)
    }

    private var logTail: String {
        guard let text = try? String(contentsOfFile: logFile, encoding: .utf8) else { return "(no log)" }
        return text.split(separator: "\n").suffix(8).map { "  \($0)" }.joined(separator: "\n")
    }

    /// Collects our own ended child, which otherwise would still look alive.
    /// - Returns: Its status as of `waitpid`, 0 for success; nil when it has not ended or is not our child.
    @discardableResult
    private func reap() -> Int32? {
        guard let text = try? String(contentsOfFile: pidFile, encoding: .utf8),
            let id = text.split(whereSeparator: \.isWhitespace).first.flatMap({ pid_t($0) })
        else { return nil }
        var status: Int32 = 0
        return waitpid(id, &status, WNOHANG) == id ? status : nil
    }

    /// Clock ticks since boot at which the process started: field 22 of stat, counted after the last `)` of the name.
    private static func startTime(of id: pid_t) -> String? {
        guard let text = try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8),
            let end = text.lastIndex(of: ")")
        else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ")
        // A zombie has ended.
        guard fields.count > 19, fields[0] != "Z" else { return nil }
        return String(fields[19])
    }

    private static func withCStrings<Value>(
        _ strings: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Value
    ) -> Value {
        var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) }
        pointers.append(nil)
        defer { for pointer in pointers { free(pointer) } }
        return pointers.withUnsafeMutableBufferPointer { buffer in
            // Never empty: the terminating nil is always there.
            guard let base = buffer.baseAddress else { preconditionFailure("an array with an element has an address") }
            return body(base)
        }
    }
}

/// An account for servers that must not, or should not, run as root.
struct UnprivilegedUser: Sendable {
    let name: String
    let userID: uid_t
    let groupID: gid_t

    /// The first of the given accounts that exists; nil when this process is not root and so needs none.
    static func first(of names: [String]) throws -> UnprivilegedUser? {
        guard geteuid() == 0 else { return nil }
        for name in names {
            if let entry = getpwnam(name) {
                return UnprivilegedUser(name: name, userID: entry.pointee.pw_uid, groupID: entry.pointee.pw_gid)
            }
        }
        throw CommandFailure("none of the accounts \(names.joined(separator: ", ")) exists; run `make setup`")
    }

    /// `setpriv` and `env` replace themselves by the command, so the process id stays the same.
    func wrap(_ command: [String], in folder: String) -> [String] {
        [
            "/usr/bin/setpriv", "--reuid=\(userID)", "--regid=\(groupID)", "--init-groups",
            "/usr/bin/env", "--chdir=\(folder)",
        ] + command
    }
}
