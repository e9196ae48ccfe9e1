// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

@testable import Queue

/// The reference of the queue scripts: the same transitions over dictionaries, written from their description.
struct QueueModel {
    var state = QueueSnapshot()
    var now: Int64
    /// What the next lease call says and wants of leases without a place.
    var told = Told()
    /// What is known of UDM, when a run limits its calls.
    var limiter: CallLimiter? {
        didSet { state.limit = limiter?.fields ?? [:] }
    }

    struct Told {
        var worker = "w"
        var resting = 0
        var spare = 0
        var ahead = 0
    }

    var generation: Int64 {
        Int64((state.alive ?? "0").drop { !$0.isNumber }) ?? 0
    }

    // MARK: Enqueue

    mutating func enqueue(_ entries: [Enqueue]) {
        guard state.alive != nil else { return }
        var becameReady = false
        var earliest: Int64?
        for entry in entries {
            let key = entry.key.description
            let dueTime = now + milliseconds(entry.delay ?? .zero)
            guard let known = state.lanes[key] else {
                state.lanes[key] = entry.lane
                if dueTime > now {
                    state.due[key] = dueTime
                    earliest = min(earliest ?? .max, dueTime)
                } else {
                    place(key, since: now)
                    becameReady = true
                }
                continue
            }
            let isFaster = entry.lane.weight > known.weight
            if state.leaseEnds[key] != nil {
                state.dirty.insert(key)
                if isFaster { state.lanes[key] = entry.lane }
            } else if let due = state.due[key] {
                if isFaster { state.lanes[key] = entry.lane }
                if dueTime <= now {
                    state.due[key] = nil
                    place(key, since: now)
                    becameReady = true
                } else if dueTime < due {
                    state.due[key] = dueTime
                    earliest = min(earliest ?? .max, dueTime)
                }
            } else if isFaster {
                let since = removeReady(key)
                state.lanes[key] = entry.lane
                place(key, since: since ?? now)
                becameReady = true
            }
        }
        if becameReady || isFirst(earliest) { wake() }
    }

    // MARK: Leases

    struct Answer: Equatable {
        var leases: [String] = []
        var nextDue: Int64?
        var isPaused = false
        var staleReleases = 0
        var limit: CallLimitState?
        var places = 0
        var surplus = 0
    }

    /// - Parameter token: The one that Redis stored, as it is random.
    mutating func lease(_ count: Int, length: Int64, token: String, report: CallReport? = nil) -> Answer {
        if let report {
            sayResting(told.resting)
            note(report)
        }
        return lease(count, length: length, token: token, isLimited: report != nil, placed: false)
    }

    private mutating func lease(
        _ count: Int, length: Int64, token: String, isLimited: Bool, placed: Bool
    ) -> Answer {
        var answer = Answer()
        var placed = placed
        let overdue = state.leaseEnds.filter { $0.value <= now }.sorted { ($0.value, $0.key) > ($1.value, $1.key) }
        for (key, _) in overdue {
            state.leaseEnds[key] = nil
            state.owners[key] = nil
            state.dirty.remove(key)
            placeFirst(key)
            placed = true
        }
        for (key, time) in state.due where time <= now {
            state.due[key] = nil
            place(key, since: time)
            placed = true
        }
        answer.isPaused = state.paused.contains("all")
        var remains = false
        var (allowed, wait) = (Int.max, Int64?.none)
        let wantsPlaces = isLimited && limiter?.breaker == .closed && told.spare > 0
        if answer.isPaused {
            state.wakeTokens = 0
        } else if count > 0 || wantsPlaces {
            var room = count
            var (ahead, spare) = (0, 0)
            if isLimited, var limiter {
                (room, wait) = limiter.admit(.max, inFlight: active(isLimited), at: now)
                allowed = limiter.allowed
                self.limiter = limiter
                if limiter.breaker == .closed { (ahead, spare) = (told.ahead, told.spare) }
            }
            let most = min(count, room + ahead)
            if count > 0 {
                (answer.leases, remains) = pick(
                    most, length, token,
                    share: isLimited && most > 0 ? allowed + state.leaseEnds.count - active(isLimited) : nil)
            }
            answer.places = min(room, answer.leases.count + spare)
            if isLimited, var limiter {
                if answer.leases.count != answer.places {
                    told.resting += answer.leases.count - answer.places
                    sayResting(told.resting)
                }
                limiter.used(active(isLimited))
                self.limiter = limiter
            }
        }
        let isLeasable = remains && active(isLimited) < allowed
        if isLeasable || (count == 0 && placed && !answer.isPaused) {
            wake()
        } else if answer.leases.count < count {
            state.wakeTokens = 0
        }
        let next = (Array(state.due.values) + Array(state.leaseEnds.values)).min()
        answer.nextDue = isLeasable ? 0 : next.map { max(0, $0 - now) }
        if let wait, remains || answer.nextDue != nil { answer.nextDue = max(answer.nextDue ?? 0, wait) }
        answer.limit = isLimited ? limiter?.state : nil
        if let limit = answer.limit, limit.breaker == .closed {
            answer.surplus = max(0, active(isLimited) - limit.limit)
        }
        return answer
    }

    private func active(_ isLimited: Bool) -> Int {
        let rests = isLimited && limiter?.breaker == .closed
        let resting = state.resting.values.reduce(0) { $0 + (Int($1.split(separator: " ")[1]) ?? 0) }
        return max(0, state.leaseEnds.count - (rests ? resting : 0))
    }

    /// What the others said a second ago is forgotten.
    private mutating func sayResting(_ count: Int) {
        state.resting[told.worker] = count > 0 ? "\(now) \(count)" : nil
        state.resting = state.resting.filter { (Int64($1.split(separator: " ")[0]) ?? 0) > now - 1_000 }
    }

    /// - Parameter share: The limit that the lanes share; nil for none.
    private mutating func pick(
        _ count: Int, _ length: Int64, _ token: String, share: Int?
    ) -> (keys: [String], remains: Bool) {
        var open = Lane.allCases.filter { !state.paused.contains("lane:\($0.rawValue)") }
        var shares: [Lane: Int]?
        if let share, open.filter({ turn(in: $0) != nil }).count > 1 {
            shares = Dictionary(
                uniqueKeysWithValues: Lane.allCases.map { ($0, max(1, share * $0.share / 100)) })
        }
        var lead: [Lane: Int64] = [:]
        for lane in Lane.allCases { lead[lane] = state.clocks[lane.rawValue] ?? 0 }
        var keys: [String] = []
        var clock: Int64?
        while keys.count < count {
            var full: Set<Lane> = []
            for lane in open {
                let held = state.leaseEnds.keys.filter { state.lanes[$0] == lane }.count
                guard let shares, held >= shares[lane, default: 0] else { continue }
                guard let head = turn(in: lane) else {
                    open.removeAll { $0 == lane }
                    continue
                }
                if now - head.since <= 600_000 { full.insert(lane) }
            }
            // The first of the lanes that are least ahead; the faster one if they are level. Full ones come last.
            let free = open.filter { !full.contains($0) }
            guard
                let lane = (free.isEmpty ? open : free).min(by: { lead[$0, default: 0] < lead[$1, default: 0] })
            else { break }
            guard let (tenant, start, key, since) = turn(in: lane) else {
                open.removeAll { $0 == lane }
                continue
            }
            removeReady(key)
            state.turns[lane]?[tenant] = start + 1
            state.clocks["clock:\(lane.rawValue)"] = start
            clock = lead[lane]
            let isOld = now - since > 600_000
            lead[lane, default: 0] += isOld || lane == .interactive ? 4 : lane == .bulk ? 16 : 64
            keys.append(key)
            state.leaseEnds[key] = now + length
            state.owners[key] = token
        }
        if let clock {
            for lane in Lane.allCases { state.clocks[lane.rawValue] = max(lead[lane, default: 0] - clock, 0) }
        }
        // In this order, and not further than needed: looking removes idle tenants.
        let remains = open.contains { turn(in: $0) != nil }
        return (keys, remains)
    }

    /// The tenant that is least ahead and has something ready; those before it lose their turn.
    private mutating func turn(in lane: Lane) -> (tenant: String, start: Int64, key: String, since: Int64)? {
        let order = (state.turns[lane] ?? [:]).sorted { ($0.value, $0.key) < ($1.value, $1.key) }
        for (tenant, start) in order {
            let resources = state.ready[lane]?[tenant] ?? [:]
            let oldest = resources.min { ($0.value, $0.key) < ($1.value, $1.key) }
            if let oldest, !state.paused.contains("tenant:\(tenant)") {
                return (tenant, start, oldest.key, oldest.value)
            }
            state.turns[lane]?[tenant] = nil
            if state.turns[lane]?.isEmpty == true { state.turns[lane] = nil }
        }
        return nil
    }

    /// - Returns: What is not the caller's any more.
    mutating func renew(_ leases: [(lease: QueueLease, isOverdue: Bool)], length: Int64) -> Set<String> {
        guard state.alive != nil else { return [] }
        var lost: Set<String> = []
        for (lease, isOverdue) in leases {
            let key = lease.key.description
            if state.owners[key] == lease.token {
                state.leaseEnds[key] = now + length
            } else if !isOverdue, lease.generation != generation, state.leaseEnds[key] == nil {
                if state.lanes[key] == nil {
                    state.lanes[key] = lease.lane
                } else {
                    if state.due.removeValue(forKey: key) == nil { removeReady(key) }
                    state.dirty.insert(key)
                }
                state.leaseEnds[key] = now + length
                state.owners[key] = lease.token
            } else {
                lost.insert(key)
            }
        }
        return lost
    }

    mutating func release(
        _ releases: [Release], leaseNext count: Int, length: Int64, token: String, report: CallReport? = nil
    ) -> Answer {
        if let report {
            sayResting(told.resting)
            note(report)
        }
        var stale = 0
        var placed = false
        var earliest: Int64?
        var untouched: [String] = []
        for release in releases {
            let key = release.lease.key.description
            guard state.owners[key] == release.lease.token else {
                stale += 1
                continue
            }
            state.owners[key] = nil
            state.leaseEnds[key] = nil
            if report != nil { placed = true }
            let isDirty = state.dirty.remove(key) != nil
            switch release.next {
            case .due(let delay) where delay > .zero:
                state.due[key] = now + milliseconds(delay)
                earliest = min(earliest ?? .max, now + milliseconds(delay))
            case .waiting(let delay) where delay > .zero && !isDirty:
                state.due[key] = now + milliseconds(delay)
                earliest = min(earliest ?? .max, now + milliseconds(delay))
            case .untouched: untouched.append(key)
            case .forget where !isDirty: state.lanes[key] = nil
            default:
                place(key, since: now)
                placed = true
            }
        }
        for key in untouched.reversed() { placeFirst(key) }
        placed = placed || !untouched.isEmpty
        var answer = lease(count, length: length, token: token, isLimited: report != nil, placed: placed)
        if count == 0, isFirst(earliest) { wake() }
        answer.staleReleases = stale
        return answer
    }

    // MARK: Rebuild and operations

    mutating func beginRebuild(paused: Set<PauseScope>?) {
        state.alive = "rebuilding:\(max(generation + 1, now))"
        guard let paused else { return }
        let before = state.paused
        state.paused = Set(paused.map(\.description))
        for scope in before { takeTurns(scope) }
        wake()
    }

    mutating func finishRebuild(_ finished: Int64) {
        if state.alive == "rebuilding:\(finished)" { state.alive = "\(finished)" }
    }

    mutating func pause(_ scope: PauseScope) {
        if state.alive != nil { state.paused.insert(scope.description) }
    }

    mutating func resume(_ scope: PauseScope) {
        guard state.alive != nil else { return }
        state.paused.remove(scope.description)
        takeTurns(scope.description)
        wake()
    }

    private mutating func takeTurns(_ scope: String) {
        guard scope.hasPrefix("tenant:") else { return }
        let tenant = String(scope.dropFirst(7))
        for lane in Lane.allCases where state.ready[lane]?[tenant] != nil { enter(tenant, lane) }
    }

    mutating func forget(_ keys: [ResourceKey], ifDelayed: Bool) -> Int {
        guard state.alive != nil else { return 0 }
        var removed = 0
        for key in keys.map(\.description) where state.lanes[key] != nil && state.leaseEnds[key] == nil {
            if ifDelayed, state.due[key] == nil { continue }
            if state.due.removeValue(forKey: key) == nil { removeReady(key) }
            state.lanes[key] = nil
            removed += 1
        }
        return removed
    }

    func depth() -> (ready: [Lane: Int], due: Int, leased: Int, dirty: Int, oldest: [Lane: Int64]) {
        let sets = state.ready.mapValues { $0.values.flatMap(\.values) }
        return (
            sets.mapValues(\.count), state.due.count, state.leaseEnds.count, state.dirty.count,
            sets.compactMapValues { $0.min().map { max(0, now - $0) } }
        )
    }

    // MARK: Parts

    private func milliseconds(_ duration: Duration) -> Int64 {
        duration.components.seconds * 1_000 + duration.components.attoseconds / 1_000_000_000_000_000
    }

    private func tenant(of key: String) -> String { String(key.prefix { $0 != "/" }) }

    private mutating func place(_ key: String, since: Int64) {
        guard let lane = state.lanes[key] else { return }
        state.ready[lane, default: [:]][tenant(of: key), default: [:]][key] = since
        enter(tenant(of: key), lane)
    }

    private mutating func placeFirst(_ key: String) {
        let lane = state.lanes[key] ?? .interactive
        let first = state.ready[lane]?[tenant(of: key)]?.values.min()
        place(key, since: first.map { min(now, $0 - 1) } ?? now)
    }

    private mutating func enter(_ tenant: String, _ lane: Lane) {
        let clock = state.clocks["clock:\(lane.rawValue)"] ?? 0
        state.turns[lane, default: [:]][tenant] = max(clock, state.turns[lane]?[tenant] ?? clock)
    }

    @discardableResult
    private mutating func removeReady(_ key: String) -> Int64? {
        guard let lane = state.lanes[key] else { return nil }
        let tenant = tenant(of: key)
        let since = state.ready[lane]?[tenant]?.removeValue(forKey: key)
        if state.ready[lane]?[tenant]?.isEmpty == true { state.ready[lane]?[tenant] = nil }
        if state.ready[lane]?.isEmpty == true { state.ready[lane] = nil }
        return since
    }

    private mutating func note(_ report: CallReport) {
        guard var limiter else { return }
        limiter.note(report, at: now)
        self.limiter = limiter
    }

    private mutating func wake() { state.wakeTokens = min(64, state.wakeTokens + 1) }

    private func isFirst(_ time: Int64?) -> Bool {
        guard let time, let first = state.due.values.min() else { return false }
        return first >= time
    }
}

extension CallLimiter {
    /// As `P:limit:<endpoint>` holds them, without those that are 0.
    var fields: [String: Int64] {
        var fields: [String: Int64] = [
            "breaker": Int64(breaker.rawValue), "era": era, "until": until ?? 0, "length": length ?? 0,
            "probes": Int64(probes ?? 0), "good": Int64(good ?? 0), "limit": limit, "trouble": trouble ?? 0,
            "done": Int64(done), "cut": isCut ? 1 : 0, "used": isUsed ? 1 : 0, "since": bestSince,
            "fall": fallFrom ?? 0, "slow": slowBy ?? 0,
        ]
        for (slice, counts) in recent {
            fields["calls:\(slice)"] = Int64(counts.calls)
            fields["failed:\(slice)"] = Int64(counts.failed)
        }
        for (kind, buckets) in latencies {
            for (bucket, count) in buckets { fields["took:\(kind.name):\(bucket)"] = Int64(count) }
        }
        for (kind, bucket) in best { fields["best:\(kind.name)"] = Int64(bucket) }
        for (kind, bucket) in formerBest { fields["former:\(kind.name)"] = Int64(bucket) }
        return fields.filter { $0.value != 0 }
    }
}
