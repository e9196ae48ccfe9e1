// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Foundation

struct SyncCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sync",
        abstract: "How many jobs a second a worker brings to the UDM double, beside a client that does nothing else.",
        discussion: """
            Example:

              scim-bench sync --url http://127.0.0.1:8080/scim/v2 --token-file token --udm-url http://127.0.0.1:9979/univention/udm/             --bridge .build/release/scim-bridge --database-url postgresql://scim@127.0.0.1/scim --jobs 20000 --in-flight 64 --udm-latency 50

            No other worker may be running: the jobs are accepted first, then a worker of the bench's own takes them. It needs the settings of             the bridge (DATABASE_URL, REDIS_URL and the others) in its environment.
            """)

    @OptionGroup var target: TargetOptions
    @OptionGroup var run: RunOptions
    @OptionGroup var database: DatabaseOptions
    @Option(help: "The UDM double, with a slash at the end.") var udmUrl: String
    @Option(help: "Service account at the double.") var udmUsername = "svc-scim"
    @Option(help: "File with its password.") var udmPasswordFile: String
    @Option(help: "Milliseconds that every request to UDM takes.") var udmLatency = 0.0
    @Option(help: "Resources that the worker pushes at once (UDM_CONCURRENCY_MAX).") var inFlight = 64
    @Option(help: "Users to be created.") var jobs = 20_000
    @Option(help: "A further setting of the worker as NAME=value; may be repeated.") var setting: [String] = []
    @Option(help: "The program of the worker.") var bridge = ".build/release/scim-bridge"
    @Option(help: "File for the worker's log.") var workerLog = "worker.log"
    @Option(help: "Of all names; another one for each run on one database.") var seed: UInt64 = 1

    func validate() throws {
        guard (100...5_000_000).contains(jobs) else { throw ValidationError("--jobs must be from 100 to 5000000") }
        guard (1...1024).contains(inFlight) else { throw ValidationError("--in-flight must be from 1 to 1024") }
        guard (0...60_000).contains(udmLatency) else {
            throw ValidationError("--udm-latency must be from 0 to 60000 milliseconds")
        }
        guard database.databaseUrl != nil else {
            throw ValidationError("--database-url is needed: jobs are counted there")
        }
        _ = try settings()
    }

    private func settings() throws -> [String: String] {
        var settings: [String: String] = [:]
        for text in setting {
            let parts = text.split(separator: "=", maxSplits: 1)
            guard parts.count == 2 else { throw ValidationError("--setting \"\(text)\" must be NAME=value") }
            settings[String(parts[0])] = String(parts[1])
        }
        return settings
    }

    func run() async throws {
        let command = self
        try await BenchSession.run(target, run, database, seed: seed) { session in
            try await command.measure(session)
        }
    }

    private func measure(_ session: BenchSession) async throws -> FigureReport {
        guard let server = session.server else { throw BenchFailure("--database-url is needed") }
        let udm = try Target(udmUrl, allowingRemote: false)
        let password = try Secret.read(udmPasswordFile, for: "--udm-password-file")
        let scenario = SyncScenario(
            session: session, udm: udm, credentials: "\(udmUsername):\(password)", count: jobs, inFlight: inFlight,
            latency: udmLatency, limit: .seconds(run.budgetSeconds ?? 900), isSilent: run.quiet)
        let table = try await JobTable.open(server.configuration)
        let control = try UDMDoubleControl(udm)
        let settings = [
            "UDM_URL": udmUrl, "UDM_USERNAME": udmUsername, "UDM_PASSWORD_FILE": udmPasswordFile,
            "UDM_CONCURRENCY_MAX": "\(inFlight)",
        ].merging(try self.settings()) { _, given in given }
        let found: SyncScenario.Found
        do {
            found = try await scenario.run(table, control) {
                try WorkerProcess.start(bridge, settings: settings, log: workerLog)
            }
        } catch {
            await table.close()
            // What stopped the bench is what its user has to know.
            try? await control.shutDown()
            throw error
        }
        await table.close()
        try await control.shutDown()
        let strictness = setting.isEmpty ? "" : ", \(setting.joined(separator: " "))"
        return FigureReport(
            scenario: "sync",
            summary: "\(Figure.count(Double(jobs))) creates, \(inFlight) in flight, UDM takes "
                + "\(Figure.shortest(udmLatency)) ms\(strictness).",
            began: session.began, seed: seed, entries: found.entries, problems: found.problems,
            provenance: try await session.provenance())
    }
}
