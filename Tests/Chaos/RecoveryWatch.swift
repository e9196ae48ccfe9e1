// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import Postgres
internal import Redis
internal import Synchronization

/// Measures for every worker that dies how long each lease it held stands still: until PostgreSQL has it settled, or taken by somebody else.
///
/// Late is what takes longer than a lease and a second, unless something else was in the way: PostgreSQL or Redis was killed or cut off, UDM
/// was disturbed so that the breaker may be open, another process or the whole machine stood still, a scope was paused, no other worker was up,
/// or work that was ready before had its turn first. Such a lease is counted apart.
final class RecoveryWatch: Sendable {
    typealias Instant = ContinuousClock.Instant

    struct Figures: Sendable {
        /// Deaths of workers that held leases.
        var deaths = 0
        /// Leases that were taken again or settled in time, or late without an excuse.
        var leases = 0
        /// Those of them with nothing in their way, and the longest time of one.
        var undisturbed = 0
        var longest = Duration.zero
        /// Leases that took longer, by what was in their way.
        var excused: [String: Int] = [:]
        var violations: [String] = []
    }

    private struct Lease: Hashable {
        let resource: String
        let worker: String
        let epoch: Int64
    }

    private struct Known {
        var lives: [String: (number: Int, worker: String?)] = [:]
        var dead: [String: Instant] = [:]
        var open: [Lease: (since: Instant, isJudged: Bool)] = [:]
        var counted: Set<String> = []
    }

    private let round: Round
    private let figuresSoFar = Mutex(Figures())
    private let heldNow = Mutex(0)

    static let limit = Duration.seconds(Round.leaseSeconds + 1)
    /// The look itself, on a busy machine.
    private static let interval = Duration.milliseconds(50)
    private static let longestGap = Duration.milliseconds(500)
    /// An open breaker lasts a second at first, and longer when UDM fails again.
    private static let aftermath: [Timeline.Kind: Duration] = [
        .udm: .seconds(8), .redis: .seconds(3), .postgresql: .seconds(3), .stall: .seconds(1), .pause: .zero,
        .standstill: .zero,
    ]

    init(_ round: Round) { self.round = round }

    var figures: Figures { figuresSoFar.withLock { $0 } }
    /// Leases that workers hold.
    var held: Int { heldNow.withLock { $0 } }

    /// Looks until it is cancelled.
    func run() async {
        var known = Known()
        var connection: PostgresConnection?
        var last = Instant.now
        while !Task.isCancelled {
            // What cannot look cannot measure.
            if last + Self.longestGap < .now { round.timeline.note(.standstill, since: last) }
            last = .now
            noteDeaths(&known)
            do {
                if connection == nil { connection = try await round.servers.connect(round.database) }
                if let connection {
                    let leases = try await Self.leases(connection)
                    heldNow.withLock { $0 = leases.count }
                    await compare(leases, &known)
                }
            } catch {
                await connection?.close()
                connection = nil
            }
            try? await Task.sleep(for: Self.interval)  // only cancellation ends it early
        }
        await connection?.close()
    }

    private func noteDeaths(_ known: inout Known) {
        for process in round.processes where process.isWorker {
            let life = process.life
            let former = known.lives[process.name]
            if let former, let worker = former.worker, known.dead[worker] == nil {
                if former.number != life.number {
                    known.dead[worker] = life.formerKilledAt ?? .now
                } else if !life.isRunning {
                    known.dead[worker] = life.killedAt ?? .now
                }
            }
            if former?.number != life.number || former?.worker == nil {
                // Also of one that is dead by now: it may have lived shorter than it takes to look.
                known.lives[process.name] = (life.number, process.workerName)
            }
        }
    }

    private static func leases(_ connection: PostgresConnection) async throws -> [Lease] {
        let rows = try await connection.execute(
            PostgresStatement(
                unnamed: """
                    SELECT resource_id::text, leased_by, lease_epoch FROM resource_sync
                    WHERE leased_until IS NOT NULL AND leased_by IS NOT NULL
                    """), [])
        var leases: [Lease] = []
        for row in rows {
            leases.append(Lease(resource: try row.string(0), worker: try row.string(1), epoch: try row.int(2)))
        }
        return leases
    }

    private func compare(_ leases: [Lease], _ known: inout Known) async {
        let now = Instant.now
        for lease in leases {
            guard let death = known.dead[lease.worker], known.open[lease] == nil else { continue }
            known.open[lease] = (death, false)
            if known.counted.insert(lease.worker).inserted { figuresSoFar.withLock { $0.deaths += 1 } }
        }
        let present = Set(leases)
        for (lease, state) in known.open {
            let took = state.since.duration(to: now)
            let isOpen = present.contains(lease)
            if !isOpen { known.open[lease] = nil }
            guard !state.isJudged, !isOpen || took > Self.limit else { continue }
            let isLate = took > Self.limit
            let excuses = await excuses(of: lease, since: state.since, now, isLate: isLate)
            if isOpen { known.open[lease]?.isJudged = true }
            figuresSoFar.withLock { figures in
                guard excuses.isEmpty || !isLate else {
                    figures.excused[excuses.joined(separator: "+"), default: 0] += 1
                    return
                }
                figures.leases += 1
                guard excuses.isEmpty else { return }
                figures.undisturbed += 1
                figures.longest = max(figures.longest, took)
                guard isLate else { return }
                figures.violations.append(
                    "recovery: the lease of \(lease.resource) stood still for \(took) after its worker \(lease.worker) had died"
                )
            }
        }
    }

    // MARK: Excuses

    private func excuses(of lease: Lease, since death: Instant, _ now: Instant, isLate: Bool) async -> [String] {
        var excuses = Self.aftermath.filter { kind, aftermath in
            round.timeline.kinds(from: death - aftermath, to: now).contains(kind)
        }.map(\.key.rawValue)
        let isAnyUp = round.processes.contains { process in
            let life = process.life
            return process.isWorker && life.isRunning
                && life.startedAt + .seconds(1) <= death + Self.limit - .seconds(1)
        }
        if !isAnyUp { excuses.append("no other worker") }
        if isLate, excuses.isEmpty, await isBehindOthers(lease) { excuses.append("backlog") }
        return excuses.sorted()
    }

    /// Given back to the queue, and others are ready too: its turn comes. Redis has leases that are over back in the queue.
    private func isBehindOthers(_ lease: Lease) async -> Bool {
        let ready = try? await round.withRedis { client in
            var keys: [String] = []
            let prefix = "{scim:\(round.queueName)}"
            for set in try await client.send(RedisCommand("KEYS", "\(prefix):ready:*")).array ?? [] {
                guard let set = set.string else { continue }
                keys += try await client.send(RedisCommand("ZRANGE", set, "0", "-1")).array?.compactMap(\.string) ?? []
            }
            return keys
        }
        guard let ready else { return true }
        return ready.count > 1 && ready.contains { $0.hasSuffix(lease.resource) }
    }
}
