// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import Glibc
internal import Synchronization
internal import TestSupport

/// One `scim-bridge serve`, started again and again under the same name and ports.
final class BridgeProcess: Sendable {
    let name: String
    let roles: [String]
    let port: Int
    let operationsPort: Int
    private let program: String
    private let settings: [String: String]
    private let log: String
    private let state = Mutex(State())

    private struct State {
        var child: Child?
        /// The failpoint that this start is to end at.
        var failpoint: String?
        /// Bytes of the log that former starts wrote.
        var logStart: UInt64 = 0
        var life = Life(number: 0, startedAt: .now)
    }

    /// One start.
    struct Life: Sendable {
        let number: Int
        let startedAt: ContinuousClock.Instant
        /// When it was killed; nil also for one that ended itself.
        var killedAt: ContinuousClock.Instant?
        /// When the start before was killed.
        var formerKilledAt: ContinuousClock.Instant?
        var isRunning = false
    }

    /// How a process was found.
    enum Condition: Equatable {
        case running
        /// It ended itself at a failpoint.
        case endedAt(failpoint: String)
        /// Nobody asked it to.
        case crashed(String)
    }

    init(name: String, roles: [String], program: String, settings: [String: String], folder: String) throws {
        self.name = name
        self.roles = roles
        self.program = program
        port = try LoopbackPort.free()
        operationsPort = try LoopbackPort.free()
        log = "\(folder)/\(name).log"
        var settings = settings
        settings["HTTP_ADDRESS"] = "127.0.0.1:\(port)"
        settings["OPS_ADDRESS"] = "127.0.0.1:\(operationsPort)"
        self.settings = settings
    }

    var isWorker: Bool { roles.contains("worker") }

    /// - Parameter failpoint: Name and number of the hit at which it kills itself.
    func start(failpoint: (name: String, hit: Int)?) throws {
        try state.withLock { state in
            state.child?.end()
            state.child = nil
            var environment = settings
            if let failpoint { environment["SCIM_FAILPOINTS"] = "\(failpoint.name)=kill@\(failpoint.hit)" }
            state.failpoint = failpoint?.name
            state.logStart = (try? FileHandle(forReadingAtPath: log)?.seekToEnd()) ?? 0
            state.life = Life(
                number: state.life.number + 1, startedAt: .now, formerKilledAt: state.life.killedAt)
            state.child = try Child(
                name, [program, "serve", "--roles", roles.joined(separator: ",")], environment: environment, log: log)
        }
    }

    /// - Returns: Whether it was running.
    @discardableResult
    func kill() -> Bool {
        state.withLock { state in
            guard let child = state.child else { return false }
            let wasRunning = child.isRunning
            if wasRunning { state.life.killedAt = .now }
            child.end()
            state.child = nil
            return wasRunning
        }
    }

    func signal(_ signal: Int32) { state.withLock { $0.child?.signal(signal) } }

    var life: Life {
        state.withLock { state in
            var life = state.life
            life.isRunning = state.child?.isRunning ?? false
            return life
        }
    }

    /// The name that the worker of this start signs its leases with; nil until it has said so.
    var workerName: String? {
        let text = state.withLock { output($0) }
        return text.firstMatch(of: /Leasing work.*worker=([0-9a-f-]{36})/).map { String($0.1) }
    }

    /// Nil when it is down because it was killed.
    var condition: Condition? {
        state.withLock { state in
            guard let child = state.child else { return nil }
            if child.isRunning { return .running }
            if let failpoint = state.failpoint, output(state).contains("failpoint \(failpoint)") {
                return .endedAt(failpoint: failpoint)
            }
            let lines = output(state).split(separator: "\n")
            // The reason of a trap comes before its backtrace.
            let reason = lines.first { $0.contains("Fatal error") || $0.contains("failed") || $0.contains("Crash") }
            return .crashed(String((reason ?? lines.last ?? "nothing was said").prefix(500)))
        }
    }

    private func output(_ state: State) -> String {
        guard let file = FileHandle(forReadingAtPath: log) else { return "" }
        defer { try? file.close() }
        try? file.seek(toOffset: state.logStart)
        return String(decoding: (try? file.readToEnd()) ?? Data(), as: UTF8.self)
    }
}
