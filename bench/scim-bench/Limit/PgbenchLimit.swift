// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Postgres
internal import Synchronization

/// One transaction for each write, as fast as pgbench can send them: `pgbench -M prepared` with a ``PgbenchWork``.
struct PgbenchLimit: Limit {
    let program: Program
    let schema: LimitSchema
    let work: PgbenchWork
    let configuration: PostgresConfiguration
    let threads: Int
    let seed: UInt64

    /// What must be there over all runs, which ``LimitSchema/counts()`` must confirm.
    private let written: Written
    private let runs = Tally()

    /// - Parameter schema: Filled with the users of the work.
    init(
        program: Program, schema: LimitSchema, work: PgbenchWork = .creates, configuration: PostgresConfiguration,
        threads: Int, seed: UInt64
    ) {
        self.program = program
        self.schema = schema
        self.work = work
        written = Written(LimitSchema.Counts(resources: Int64(work.users)))
        self.configuration = configuration
        self.threads = threads
        self.seed = seed
    }

    var name: String { work.name }

    /// - Parameter window: In whole seconds, as pgbench counts.
    func run(
        clients: Int, window: LoadWindow, meter: ProcessorMeter, progress: @escaping @Sendable (Double) -> Void
    ) async throws -> LimitResult {
        let warmUp = Double(window.warmUp.components.seconds)
        let seconds = window.warmUp.components.seconds + window.measured.components.seconds
        let watch = Watch(warmUp: warmUp, meter: meter)
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let files = try work.scripts.enumerated().map { number, script in
            "\(try folder.write(script.text, to: "\(number).sql"))@\(script.weight)"
        }
        let children = ProcessorMeter.endedChildren
        let outcome = try await program.run(
            arguments(clients: clients, seconds: seconds, files: files), environment: environment,
            limit: .seconds(seconds) + .seconds(30)
        ) { line in
            if let rate = watch.note(line) { progress(rate) }
        }
        try Task.checkCancellation()
        let end = meter.read()
        guard outcome.status == 0, let processed = PgbenchOutput.number(Self.processedLine, in: outcome.output) else {
            let reason = outcome.errors.split(separator: "\n").first { $0.contains("error") } ?? "no summary"
            throw BenchFailure("pgbench ended with status \(outcome.status): \(reason)")
        }
        let (lines, begin) = watch.seen
        let measured =
            PgbenchOutput.measured(lines, warmUp: warmUp)
            ?? PgbenchOutput.rest(
                after: lines, of: outcome.output, processed: processed,
                seconds: Double(window.measured.components.seconds))
        guard let measured else {
            throw BenchFailure("pgbench told no progress beyond the warm-up; is it older than version 15?")
        }
        let problems = try await problems(processed: processed, summary: outcome.output)
        let writes = Double(work.operations)
        let afterWarmUp = Double(processed) - PgbenchOutput.transactions(lines.filter { $0.elapsed <= warmUp + 0.5 })
        var use = end.use(since: begin, operations: Int(afterWarmUp * writes))
        // The generator here is pgbench; it has ended, so that its whole run is known, warm-up included.
        use?.generator = (ProcessorMeter.endedChildren - children) / (Double(max(1, processed)) * writes)
        use?.server = nil
        return LimitResult(
            rate: measured.rate * writes, latency: measured.latency, processorUse: use, problems: problems)
    }

    private static let processedLine = "number of transactions actually processed"
    private static let failedLine = "number of failed transactions"

    private func arguments(clients: Int, seconds: Int64, files: [String]) -> [String] {
        let run = UInt64(runs.add(1))
        // Several threads count the transactions of one script without a lock, and some get lost.
        let jobs = work.scripts.count == 1 ? min(threads, clients) : 1
        let definitions =
            work.definitions + [("users", "\(work.users)"), ("clients", "\(clients)")]
        return [
            "--no-vacuum", "--protocol=prepared", "--client=\(clients)", "--jobs=\(jobs)",
            "--time=\(seconds)", "--progress=1",
            // Another seed each time: the same names again would be conflicts.
            "--random-seed=\((seed &+ run &* 0x9E37_79B9_7F4A_7C15) >> 1)",
        ] + definitions.map { "--define=\($0.name)=\($0.value)" } + files.map { "--file=\($0)" } + [configuration.url]
    }

    private var environment: [String: String] {
        var environment = ["LC_ALL": "C", "PGAPPNAME": "scim-bench-limit"]
        if let password = configuration.password { environment["PGPASSWORD"] = password }
        return environment
    }

    private func problems(processed: Int, summary: String) async throws -> [String] {
        var problems: [String] = []
        if let failed = PgbenchOutput.number(Self.failedLine, in: summary), failed > 0 {
            problems.append("\(failed) transactions of pgbench failed")
        }
        let transactions =
            work.scripts.count == 1 ? [processed] : PgbenchOutput.scriptTransactions(in: summary)
        guard transactions.count == work.scripts.count, transactions.reduce(0, +) == processed else {
            return problems + ["pgbench did not tell how often it ran each script"]
        }
        let expected = written.add(zip(work.scripts, transactions).map { ($0.0.adds, $0.1) })
        let counts = try await schema.counts()
        if counts != expected { problems.append("pgbench wrote \(expected), but the tables hold \(counts)") }
        return problems
    }
}

extension PgbenchLimit {
    /// What all runs wrote.
    private final class Written: Sendable {
        private let sum: Mutex<LimitSchema.Counts>

        init(_ counts: LimitSchema.Counts) { sum = Mutex(counts) }

        /// - Returns: The new sum.
        func add(_ runs: [(LimitSchema.Counts, times: Int)]) -> LimitSchema.Counts {
            sum.withLock { sum in
                for run in runs { sum.add(run.0, times: run.times) }
                return sum
            }
        }
    }

    /// A sum that outlives one run.
    private final class Tally: Sendable {
        private let sum = Mutex(0)

        /// - Returns: The new sum.
        func add(_ number: Int) -> Int {
            sum.withLock { sum in
                sum += number
                return sum
            }
        }
    }

    /// Collects the progress of one run and reads the meter at the end of its warm-up.
    private final class Watch: Sendable {
        private let warmUp: Double
        private let meter: ProcessorMeter
        private let state = Mutex<(lines: [PgbenchOutput.Progress], begin: ProcessorMeter.Reading?)>(([], nil))

        init(warmUp: Double, meter: ProcessorMeter) {
            self.warmUp = warmUp
            self.meter = meter
        }

        var seen: (lines: [PgbenchOutput.Progress], begin: ProcessorMeter.Reading?) { state.withLock { $0 } }

        /// - Returns: The rate, if the line tells one.
        func note(_ line: String) -> Double? {
            guard let progress = PgbenchOutput.Progress(line) else { return nil }
            // Lines come from one thread; looking at every process of PostgreSQL is not to be done more often than needed.
            let isFirst = progress.elapsed > warmUp - 0.5 && state.withLock { $0.begin == nil }
            let reading = isFirst ? meter.read() : nil
            state.withLock { state in
                state.lines.append(progress)
                if isFirst { state.begin = reading }
            }
            return progress.rate
        }
    }
}
