// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import Postgres

/// A hand-written SELECT, prepared, with values drawn at random from the ``SampleTable``.
///
/// Two scripts take turns at random: one that draws a sample, which the variables of a client keep, and nine times as often
/// the SELECT. Only the SELECT counts, by the log that pgbench keeps of every transaction.
struct PgbenchSelect: Limit {
    /// The draw is script 0.
    private static let script = 1

    let program: Program
    let configuration: PostgresConfiguration
    let threads: Int
    let select: ListSelect
    /// In the table in this order.
    let samples: [ListSample]
    let seed: UInt64

    var name: String { "the same SELECT by hand, pgbench -M prepared" }

    /// - Parameter window: In whole seconds, as pgbench counts.
    func run(
        clients: Int, window: LoadWindow, meter: ProcessorMeter, progress: @escaping @Sendable (Double) -> Void
    ) async throws -> LimitResult {
        let temporary = try TemporaryFolder()
        defer { temporary.remove() }
        let folder = temporary.path
        let seconds = window.warmUp.components.seconds + window.measured.components.seconds
        _ = try temporary.write(drawScript, to: "draw.sql")
        _ = try temporary.write(selectScript, to: "select.sql")
        let outcome = try await program.run(
            arguments(clients: clients, seconds: seconds, folder: folder), environment: environment,
            limit: .seconds(seconds) + .seconds(60)
        ) { line in
            if let line = PgbenchOutput.Progress(line) { progress(line.rate) }
        }
        try Task.checkCancellation()
        guard outcome.status == 0 else {
            let reason = outcome.errors.split(separator: "\n").first { $0.contains("error") } ?? "no reason given"
            throw BenchFailure("pgbench ended with status \(outcome.status): \(reason)")
        }
        let log = PgbenchLog(
            try Self.logs(in: folder), script: Self.script, warmUp: window.warmUp.components.seconds * 1_000_000)
        let latency = LatencySummary(microseconds: log.latencies)
        var problems: [String] = []
        if latency.count == 0 { problems.append("pgbench ended no SELECT within the measured time") }
        if let failed = PgbenchOutput.number("number of failed transactions", in: outcome.output), failed > 0 {
            problems.append("\(failed) transactions of pgbench failed")
        }
        return LimitResult(
            rate: log.seconds > 0 ? Double(latency.count) / log.seconds : 0, latency: latency.mean, processorUse: nil,
            problems: problems, percentiles: latency)
    }

    /// Of pgbench: draws a sample.
    var drawScript: String {
        """
        \\set n random(1, \(max(1, samples.count)))
        SELECT value, value_end FROM \(SampleTable.name) WHERE query = '\(select.query.rawValue)' AND n = :n \\gset

        """
    }

    /// Of pgbench: what is measured.
    var selectScript: String { select.sql(value: ":value", end: ":value_end") + ";\n" }

    private func arguments(clients: Int, seconds: Int64, folder: String) -> [String] {
        [
            "--no-vacuum", "--protocol=prepared", "--client=\(clients)", "--jobs=\(min(threads, clients))",
            "--time=\(seconds)", "--progress=1", "--file=\(folder)/draw.sql@1", "--file=\(folder)/select.sql@9",
            "--log", "--log-prefix=\(folder)/transactions", "--random-seed=\(seed >> 1)",
            // Until the first draw.
            Self.definition("value", samples.first?.value), Self.definition("value_end", samples.first?.end),
            configuration.url,
        ]
    }

    /// pgbench refuses an empty value; then the SELECT does not use it.
    private static func definition(_ name: String, _ value: String?) -> String {
        "--define=\(name)=\(value.flatMap { $0.isEmpty ? nil : $0 } ?? "-")"
    }

    private var environment: [String: String] {
        var settings = ListSelect.planSettings
        if let path = configuration.searchPath { settings.append(("search_path", path)) }
        let options = settings.map { "-c \($0.0)=\($0.1)" }.joined(separator: " ")
        var environment = ["LC_ALL": "C", "PGAPPNAME": "scim-bench-limit", "PGOPTIONS": options]
        if let password = configuration.password { environment["PGPASSWORD"] = password }
        return environment
    }

    private static func logs(in folder: String) throws -> [[UInt8]] {
        try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasPrefix("transactions") }
            .map { try Array(Data(contentsOf: URL(fileURLWithPath: "\(folder)/\($0)"))) }
    }
}
