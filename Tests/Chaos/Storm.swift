// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import Glibc
internal import JSON
internal import NIOHTTP1
internal import Synchronization

/// Kills processes and breaks connections at random until enough has been killed; then leaves everything whole.
final class Storm: Sendable {
    private let round: Round
    private let failpoints: Failpoints
    private let pauses: Pauses
    private let deadline: ContinuousClock.Instant
    private let counts = Mutex<[String: Int]>([:])
    private let crashReports = Mutex<[String]>([])
    private let wasCutShort = Mutex(false)

    init(_ round: Round, failpoints: Failpoints, pauses: Pauses, deadline: ContinuousClock.Instant) {
        self.round = round
        self.failpoints = failpoints
        self.pauses = pauses
        self.deadline = deadline
    }

    /// By what was killed, or the failpoint at which a process ended itself.
    var killed: [String: Int] { counts.withLock { $0.filter { !Self.isNoKill($0.key) } } }
    /// Everything else that was done.
    var disturbed: [String: Int] { counts.withLock { $0.filter { Self.isNoKill($0.key) } } }
    var kills: Int { killed.values.reduce(0, +) }
    /// Processes that ended although nobody killed them.
    var crashes: [String] { crashReports.withLock { $0 } }

    /// The time was over before its kills were reached.
    var isCutShort: Bool { wasCutShort.withLock { $0 } }

    private static func isNoKill(_ name: String) -> Bool { name.hasPrefix("~") }

    func count(_ name: String) { counts.withLock { $0[name, default: 0] += 1 } }

    // MARK: The storm

    func rage() async throws {
        var random = Seed(round.plan.seed ^ 0x5354_4F52_4D)
        var supervision = random.split()
        for process in round.processes {
            try process.start(failpoint: failpoints.draw(for: process.roles, using: &supervision))
        }
        while kills < round.plan.kills, ContinuousClock.now < deadline {
            try await Task.sleep(for: random.milliseconds(300...1400))
            try await supervise(&supervision)
            await pauses.endOverdue()
            try await strike(&random)
        }
        if kills < round.plan.kills { wasCutShort.withLock { $0 = true } }
    }

    /// Starts whatever is down.
    private func supervise(_ random: inout Seed) async throws {
        for process in round.processes {
            switch process.condition {
            case .running: continue
            case .endedAt(let failpoint): count(failpoint)
            case .crashed(let output):
                crashReports.withLock { $0.append("\(process.name) ended by itself: \(output)") }
            case nil: break
            }
            try process.start(
                failpoint: random.chance(0.6) ? failpoints.draw(for: process.roles, using: &random) : nil)
        }
    }

    private enum Stroke {
        case process, stall, redis, emptyRedis, postgres, cut, hold, drop, udm, provisioning, webhook, pause
    }

    private func strike(_ random: inout Seed) async throws {
        let stroke: Stroke = random.pick([
            (36, .process), (4, .stall), (7, .redis), (7, .emptyRedis), (6, .postgres), (10, .cut), (9, .hold),
            (5, .drop), (10, .udm), (2, .provisioning), (3, .webhook), (5, .pause),
        ])
        // Without an API there is nothing to lose, so the others are hit more often.
        let process = random.pick(round.processes.map { ($0.roles == ["api"] ? 1 : 2, $0) })
        switch stroke {
        case .process:
            if process.kill() { count(process.roles.joined(separator: "+")) }
        case .stall:
            // Longer than its lease: it comes back believing that it still has it.
            try await round.timeline.during(.stall) {
                process.signal(SIGSTOP)
                try await Task.sleep(for: random.milliseconds(1500...3500))
                process.signal(SIGCONT)
            }
            count("~stalled")
        case .redis:
            try await round.timeline.during(.redis) { try await round.servers.killRedis(empty: false) }
            count("redis")
        case .emptyRedis:
            try await round.timeline.during(.redis) { try await round.servers.killRedis(empty: true) }
            count("redis, emptied")
        case .postgres:
            try await round.timeline.during(.postgresql) { try await round.servers.killPostgres() }
            count("postgresql")
        case .cut, .hold, .drop:
            let names = round.proxies.keys.sorted()
            let name = names[Int(random.next() % UInt64(names.count))]
            try await disturb(name, stroke, &random)
        case .udm: try await disturbUDM(&random)
        case .provisioning:
            round.proxies[Plan.provisioning]?.cut()
            count("~provisioning cut")
        case .webhook:
            // Taken all the same, as often as not: then the same event comes again.
            round.webhook.refuse(1 + Int(random.next() % 3), afterTaking: random.chance(0.5))
            count("~webhook refuses")
        case .pause:
            if let scope = try await pauses.begin(using: &random) { count("~paused \(scope)") }
        }
    }

    private func disturb(_ name: String, _ stroke: Stroke, _ random: inout Seed) async throws {
        guard let proxy = round.proxies[name] else { return }
        let entry = Timeline.Kind(rawValue: name).map { round.timeline.begin($0) }
        defer { if let entry { round.timeline.end(entry) } }
        switch stroke {
        case .hold:
            proxy.set(.hold)
            try await Task.sleep(for: random.milliseconds(50...1500))
            // Half-open ends with a loss as often as with late delivery.
            if random.chance(0.5) { proxy.cut() }
            proxy.set(.pass)
            count("~\(name) held")
        case .drop:
            proxy.set(.drop)
            proxy.cut()
            try await Task.sleep(for: random.milliseconds(100...800))
            proxy.set(.pass)
            count("~\(name) dropped")
        default:
            proxy.cut()
            count("~\(name) cut")
        }
    }

    private func disturbUDM(_ random: inout Seed) async throws {
        let faults: [(weight: Int, JSONValue)] = [
            (4, ["effect": "dropAfterCommit", "count": 3, "methods": ["POST", "PATCH", "PUT", "DELETE"]]),
            (2, ["effect": "dropBeforeCommit", "count": 3]),
            (2, ["effect": "hang", "count": 1]),
            (2, ["effect": "answerLate", "delayMilliseconds": 2500, "count": 2]),
            (1, ["effect": "gatewayTimeout", "afterCommit": true, "count": 2]),
            (1, ["effect": "badGateway", "afterCommit": true, "count": 2]),
            (1, ["effect": "lockHeld", "count": 2]),
            (2, ["effect": "directoryDown", "probability": 0.5, "count": 6]),
        ]
        let fault = random.pick(faults)
        round.timeline.note(.udm)
        _ = try await round.control(.POST, udm: "faults", fault)
        count("~udm \(fault["effect"]?.stringValue ?? "")")
    }

    // MARK: The calm

    /// Kills everything once more and starts it without failpoints: what was in flight must be found again.
    func calm() async throws {
        for proxy in round.proxies.values { proxy.set(.pass) }
        _ = try await round.control(.DELETE, udm: "faults")
        round.webhook.refuse(0, afterTaking: false)
        try restart(round.processes)
        try await pauses.endAll()
    }

    /// Kills processes and starts them again, without failpoints.
    func restart(_ processes: [BridgeProcess]) throws {
        for process in processes {
            switch process.condition {
            case .running: if process.kill() { count(process.roles.joined(separator: "+")) }
            case .endedAt(let failpoint): count(failpoint)
            case .crashed(let output):
                crashReports.withLock { $0.append("\(process.name) ended by itself: \(output)") }
            case nil: break
            }
        }
        for process in processes { try process.start(failpoint: nil) }
    }

    /// What died in the calm, which nobody killed.
    func look() {
        for process in round.processes {
            guard case .crashed(let output) = process.condition else { continue }
            crashReports.withLock { $0.append("\(process.name) ended in the calm: \(output)") }
        }
    }
}
