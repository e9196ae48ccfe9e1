// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// A worker empties a queue of creates; then a bare client does the same calls. Both in turn, as often as asked for.
struct SyncScenario: Sendable {
    let session: BenchSession
    let redis: RedisServer
    /// `QUEUE_NAME`.
    let queue: String
    let udm: Target
    /// `user:password` at UDM.
    let credentials: String
    let count: Int
    let inFlight: Int
    let pace: UDMPace
    /// For each drain.
    let limit: Duration
    /// One outcome in each transaction.
    let isStrict: Bool
    let repeats: Int
    let isSilent: Bool

    private static let look: Duration = .milliseconds(250)
    /// Of the bare client. Where times are drawn, more of them are needed for a mean.
    private var bareSeconds: Int { pace.isFixed ? 5 : 10 }

    /// What was measured.
    struct Found: Sendable {
        var drained: JobTable.Drained
        var events: JobTable.Events
        var evidence: UDMDoubleControl.Evidence
        var usersBefore: Int
        var count: Int
        var inFlight: Int
        var pace: UDMPace
        /// One outcome in each transaction.
        var isStrict = false
        /// Requests a second of the bare client, and what was wrong with them.
        var bare: (rate: Double, problems: [String])
        /// Of the worker, in MiB.
        var memory: MemoryPeak?
        /// Of the worker, microseconds for a job.
        var processor: Double?
    }

    /// - Parameter start: With the number of the run.
    /// - Returns: What each run has found, in their order.
    func run(
        _ table: JobTable, _ control: UDMDoubleControl, start: @Sendable (Int) throws -> BridgeProcess
    ) async throws -> [Found] {
        var found: [Found] = []
        for number in 1...max(1, repeats) {
            found.append(try await run(number, table, control) { try start(number) })
        }
        return found
    }

    /// Each run has users of its own. The first ones are those of the seed as it was given.
    static func seed(_ seed: UInt64, run number: Int) -> UInt64 {
        // Short, for the length of names and of the domain.
        number == 1 ? seed : mixed(seed &+ UInt64(number)) >> 32
    }

    private func run(
        _ number: Int, _ table: JobTable, _ control: UDMDoubleControl, start: () throws -> BridgeProcess
    ) async throws -> Found {
        try await table.requireEmpty()
        let order = try await table.latestOrder()
        let loader = DirectoryLoader(
            client: session.client, users: DirectoryUsers(seed: Self.seed(session.seed, run: number)), connections: 4,
            deadline: .now + .seconds(3600))
        _ = try await loader.load(count) { done in
            CountBar("users accepted", total: count, done: done, isSilent: isSilent)
        }
        try await control.reset()
        try await control.set(pace)
        // Otherwise it would matter what was measured before.
        try await redis.forgetCallLimits(ofQueue: queue)
        let before = try await control.evidence()

        let worker = try start()
        let watch = MemoryWatch(process: worker.pid)
        let meter = ProcessorMeter(server: worker.pid, postmaster: nil)
        let drained: Result<Void, any Error>
        do {
            drained = .success(try await drain(table, worker))
        } catch {
            drained = .failure(error)
        }
        let used = meter.read().server
        let memory = watch?.end()
        await worker.stop()
        try drained.get()
        let result = try await table.drained(after: order)
        let events = try await table.events(after: order)
        let evidence = try await control.evidence()
        let bare = try await bareClient()
        return Found(
            drained: result, events: events, evidence: evidence, usersBefore: before.users, count: count,
            inFlight: inFlight, pace: pace, isStrict: isStrict, bare: bare, memory: memory,
            processor: used.map { $0 / Double(max(1, result.finished)) })
    }

    private func drain(_ table: JobTable, _ worker: BridgeProcess) async throws {
        let bar = CountBar("jobs", total: count, isSilent: isSilent)
        defer { bar.end() }
        var left = count
        try await table.waitUntilEmpty(within: limit, every: Self.look, isAlive: { worker.isRunning }) { now in
            bar.add(left - now)
            left = now
        }
    }

    private func bareClient() async throws -> (rate: Double, problems: [String]) {
        let generator = LoadGenerator(target: udm, threads: 1)
        let source = DirectUDMCreates(
            target: udm, credentials: credentials, prefix: "direct-\(UInt64(Date().timeIntervalSince1970))-")
        let window = LoadWindow(
            warmUp: .seconds(1), measured: .seconds(bareSeconds), answerLimit: .seconds(60))
        let result: Result<LoadResult, any Error>
        do {
            result = .success(try await generator.run(source, connections: inFlight, window: window))
        } catch {
            result = .failure(error)
        }
        try await generator.shutDown()
        let found = try result.get()
        return (found.rate, found.failures.sorted { $0.key < $1.key }.map { "bare client: \($0.value) x \($0.key)" })
    }
}

extension SyncScenario.Found {
    /// Jobs a second if the worker cost nothing; nil where UDM takes no time.
    var ideal: Double? { pace.ideal(inFlight: inFlight) }

    /// As in names of results: `sync-50ms-64`, `sync-real-8`.
    var name: String { "sync-\(pace.name)-\(inFlight)\(isStrict ? "-strict" : "")" }

    /// Where UDM costs nothing, the worker is what is measured; elsewhere the ideal is what counts.
    private var rateGoal: Goal? { ideal == nil ? .atLeast(isStrict ? 1000 : 3000) : nil }

    /// Of an ideal that is one to the last job; where times are drawn, it is that of many runs.
    private func idealGoal(_ goal: Goal) -> Goal? { pace.isFixed ? goal : nil }

    /// Of rates: a few a second are told more exactly.
    private var ratePlaces: Int { (ideal ?? .infinity) < 100 ? 1 : 0 }

    var entries: [FigureReport.Entry] {
        var entries = [
            FigureReport.Entry(
                key: "jobsPerSecond", title: "jobs/s, first outcome to last", value: drained.rate,
                places: ratePlaces, goal: rateGoal),
            FigureReport.Entry(key: "seconds", title: "seconds", value: drained.seconds, places: 2),
            FigureReport.Entry(key: "jobs", title: "jobs", value: Double(count)),
            FigureReport.Entry(
                key: "barePerSecond", title: "bare client, creates/s", value: bare.rate, places: ratePlaces),
        ]
        if bare.rate > 0 {
            entries.append(
                FigureReport.Entry(
                    key: "ratioToBare", title: "ratio to the bare client", value: drained.rate / bare.rate, places: 2))
        }
        if let ideal {
            entries += [
                FigureReport.Entry(
                    key: "idealPerSecond", title: "ideal, jobs/s", value: ideal, places: ratePlaces),
                FigureReport.Entry(
                    key: "ratioToIdeal", title: "ratio to the ideal", value: drained.rate / ideal, places: 3,
                    goal: idealGoal(.atLeast(0.95))),
                FigureReport.Entry(
                    key: "idealSeconds", title: "ideal, seconds", value: Double(count) / ideal, places: 1),
                // The start, with few calls at once, is in it.
                FigureReport.Entry(
                    key: "secondsFromLease", title: "seconds, first lease to last outcome",
                    value: drained.secondsFromLease, places: 1),
                FigureReport.Entry(
                    key: "timeRatio", title: "time, ratio to the ideal",
                    value: drained.secondsFromLease * ideal / Double(max(1, count)), places: 3,
                    goal: idealGoal(.atMost(1.05))),
            ]
        }
        entries.append(
            FigureReport.Entry(key: "mostInFlight", title: "most requests at once", value: Double(evidence.mostAtOnce)))
        if let processor {
            entries.append(
                FigureReport.Entry(key: "processorMicroseconds", title: "worker, processor µs a job", value: processor))
        }
        if let memory {
            entries.append(
                FigureReport.Entry(
                    key: "workerMiB", title: "worker, most memory MiB", value: memory.sinceStart, places: 1,
                    goal: MemoryPeak.goal))
        }
        return entries
    }

    /// Every accepted write is found again: in the history, among the events, and as an object in UDM.
    var problems: [String] {
        var problems = bare.problems
        if drained.done != count {
            problems.append("\(count) writes were accepted, but \(drained.done) jobs are done and \(drained.dead) dead")
        }
        if events.recorded != count || events.jobs != count {
            problems.append(
                "\(count) writes were accepted, but there are \(events.recorded) events, of \(events.jobs) of their jobs. "
                    + "Does somebody send them?")
        }
        if evidence.users - usersBefore != count {
            problems.append("\(count) users were pushed, but UDM has \(evidence.users - usersBefore) more than before")
        }
        if !evidence.isSound { problems.append("the UDM double found overlapping writes or an identifier twice") }
        return problems
    }
}
