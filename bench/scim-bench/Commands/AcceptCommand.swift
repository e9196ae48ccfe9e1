// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Foundation
internal import Postgres

struct AcceptCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "accept", abstract: "How many new users a second are accepted.",
        discussion: """
            Example, the bridge beside its limit:

              scim-bench accept --url http://127.0.0.1:8080/scim/v2 --token-file token \\
                --database-url postgresql://scim@127.0.0.1/scim --database-password-file password

            Any other SCIM server, without a limit, accepted users read back by GET:

              scim-bench accept --url http://127.0.0.1:9000/scim/v2 --token-file token

            It creates users without removing them: use a server and a database made for it. A run with errors or missing writes is void, \
            and the exit status is 1.
            """)

    @OptionGroup var target: TargetOptions
    @OptionGroup var run: RunOptions
    @OptionGroup var database: DatabaseOptions

    func run() async throws {
        let bench = Task { try await measure() }
        let interruption = Interruption { bench.cancel() }
        defer { interruption.end() }
        let report = try await bench.value
        print(report.text)
        let path = try ResultFiles(folder: run.output).write(report)
        print("\nresults: \(path)")
        if report.isVoid { throw ExitCode(1) }
    }

    private func measure() async throws -> Report {
        let began = Date()
        let loadBefore = Machine.loadAverage
        let generator = LoadGenerator(
            target: try Target(target.url, allowingRemote: target.allowRemote), threads: max(1, run.threads))
        do {
            let report = try await measure(with: generator, began: began, loadBefore: loadBefore)
            try await generator.shutDown()
            return report
        } catch {
            try? await generator.shutDown()
            throw error
        }
    }

    private func measure(with generator: LoadGenerator, began: Date, loadBefore: String) async throws -> Report {
        let token = try target.readToken()
        let configuration = try database.configuration()
        let notes = try run.notes()
        let plan = try BenchPlan(
            connections: BenchPlan.connections(run.connections), repeats: run.repeats, warmUp: run.warmUp,
            seconds: run.seconds, budget: run.budgetSeconds, maximumRequests: run.maximumRequests,
            sides: configuration == nil ? 1 : 2)
        var server: DatabaseServer?
        if let configuration {
            server = try await DatabaseServer.inspect(configuration, allowingRemote: target.allowRemote)
        }
        let names = UserNames(seed: run.seed ?? .random(in: 0...UInt64.max))
        let scenario = AcceptScenario(
            generator: generator, token: token, names: names, verification: try verification(configuration))
        if case .database(let users) = scenario.verification, try await users.holdsAny(prefix: names.benchPrefix) {
            throw BenchFailure("users of the seed \(names.seed) are in the database already. Use another --seed")
        }
        try await scenario.tryOut(run: 0)
        let limit = try await makeLimit(server, seed: names.seed)
        let comparison = Comparison(
            scenario: scenario, limit: limit, generator: generator, plan: plan,
            meter: ProcessorMeter(server: target.serverPid, postmaster: server?.postmaster),
            progress: ProgressBar(isSilent: run.quiet), firstRun: 1)
        let rounds: [Round]
        do {
            rounds = try await comparison.run()
        } catch {
            // What stopped the bench is what its user has to know.
            try? await limit?.schema.remove()
            throw error
        }
        try await limit?.schema.remove()
        return Report(
            scenario: scenario.name, limitName: limit?.name, began: began, seed: names.seed, plan: plan, rounds: rounds,
            provenance: Provenance(
                commit: await Provenance.commit(), target: target.url, machine: .current(),
                loadAverageBefore: loadBefore,
                loadAverageAfter: Machine.loadAverage, notes: try await versions(server) + notes,
                durability: server?.durability.settings ?? []))
    }

    private func verification(_ configuration: PostgresConfiguration?) throws -> AcceptScenario.Verification {
        switch (database.verify, configuration) {
        case (.samples, _), (nil, nil): return .samples
        case (_, let configuration?): return .database(AcceptedUsers(configuration: configuration))
        case (.database, nil): throw BenchFailure("--verify database needs --database-url")
        }
    }

    private func makeLimit(_ server: DatabaseServer?, seed: UInt64) async throws -> PgbenchLimit? {
        guard let server else { return nil }
        let program = try Self.pgbench()
        return PgbenchLimit(
            program: program,
            schema: try await LimitSchema.create(server.configuration, migrations: database.schemaFolder),
            configuration: server.configuration,
            threads: max(1, database.pgbenchThreads ?? ProcessInfo.processInfo.activeProcessorCount), seed: seed)
    }

    private func versions(_ server: DatabaseServer?) async throws -> [(name: String, value: String)] {
        var notes: [(name: String, value: String)] = []
        if let server {
            notes.append(("PostgreSQL", server.version))
            if let fileSystem = server.fileSystem { notes.append(("file system of the database", fileSystem)) }
            let outcome = try await Self.pgbench().run(["--version"])
            notes.append(("pgbench", outcome.output.trimmingCharacters(in: .whitespacesAndNewlines)))
        }
        #if DEBUG
            notes.append(("generator", "debug build: its own figures are too high"))
        #endif
        return notes
    }

    private static func pgbench() throws -> Program {
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql")) ?? []
        let folders = versions.compactMap { Int($0) }.sorted(by: >).map { "/usr/lib/postgresql/\($0)/bin" }
        guard let program = Program.find("pgbench", in: folders) else {
            throw BenchFailure("pgbench is not installed. Debian: apt-get install postgresql-contrib")
        }
        return program
    }
}
