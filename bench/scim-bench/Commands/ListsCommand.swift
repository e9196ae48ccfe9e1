// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

struct ListsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lists", abstract: "How long filters and pages of a large directory take.",
        discussion: """
            Example, each list beside the same SELECT, written by hand and run by pgbench:

              scim-bench lists --url http://127.0.0.1:8080/scim/v2 --token-file token --users 1000000 \\
                --database-url postgresql://scim@127.0.0.1/scim --database-password-file password

            Needs what `load` has loaded, with the same --users and --seed. Before anything is measured, server and SELECT must answer the same.
            """)

    /// Asked of so many users, and more.
    static let goal = (users: 1_000_000, ratio: Goal.atMost(3))

    @OptionGroup var target: TargetOptions
    @OptionGroup var run: RunOptions
    @OptionGroup var database: DatabaseOptions
    @OptionGroup var directory: DirectoryOptions
    @Option(help: "Of the token: whose externalId the SELECT reads.") var client = "bench"
    @Option(help: "Values to choose from, of each list.") var samples = 1000
    @Option(help: "Number of the page far behind; in a small directory the one in the middle.") var deepPage = 5000
    @Option(help: "Only these lists, such as userName,deepPage.") var only: String?

    func validate() throws {
        guard (1...10_000).contains(samples) else { throw ValidationError("--samples must be from 1 to 10000") }
        guard (2...100_000).contains(deepPage) else { throw ValidationError("--deep-page must be from 2 to 100000") }
        guard directory.users >= 4 * ListQuery.pageSize else {
            throw ValidationError("--users must be at least \(4 * ListQuery.pageSize): fewer have no page far behind")
        }
        // It becomes a part of the SELECT.
        guard !client.isEmpty, client.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !"':\\".utf8.contains($0) }) else {
            throw ValidationError("--client holds characters that the SELECT cannot have")
        }
        _ = try queries()
    }

    /// In their own order.
    func queries() throws -> [ListQuery] {
        guard let only else { return ListQuery.allCases }
        let chosen = try only.split(separator: ",").map { name in
            guard let query = ListQuery(rawValue: String(name)) else {
                let all = ListQuery.allCases.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("there is no list \"\(name)\". There are: \(all)")
            }
            return query
        }
        guard !chosen.isEmpty else { throw ValidationError("--only names no list") }
        return ListQuery.allCases.filter { chosen.contains($0) }
    }

    func run() async throws {
        let command = self
        try await BenchSession.run(target, run, database, seed: directory.seed) { session in
            try await command.measure(session)
        }
    }

    private func measure(_ session: BenchSession) async throws -> Report {
        let queries = try queries()
        let plan = try run.plan(
            connections: "1,8", budget: 900, sides: session.server == nil ? 1 : 2, subjects: queries.count)
        let page = min(deepPage, directory.users / ListQuery.pageSize / 2)
        let progress = ProgressBar(isSilent: run.quiet)
        let total = try await session.client.total("/Users")
        progress.note("drawing \(samples) samples, and going to page \(page)")
        let samples = try await ListSampling(
            client: session.client, users: DirectoryUsers(seed: session.seed), userCount: directory.users,
            sampleCount: samples, deepPage: page
        ).samples()
        var table: SampleTable?
        if let server = session.server { table = try await SampleTable.create(server.configuration, samples) }
        let rounds: [Round]
        do {
            if let table { try await prove(queries, samples, session, table) }
            rounds = try await compare(queries, samples, plan, session, progress)
        } catch {
            // What stopped the bench is what its user has to know.
            try? await table?.remove()
            throw error
        }
        try await table?.remove()
        return Report(
            scenario: "lists", operation: .request,
            limitName: table == nil ? nil : "the same SELECT by hand, prepared, in pgbench with as many clients",
            measure: .p95, goal: table == nil || total < Self.goal.users ? nil : Self.goal.ratio,
            sizes: [("users", total)], began: session.began,
            seed: session.seed, plan: plan,
            rounds: rounds,
            provenance: try await session.provenance(
                usesPgbench: table != nil,
                notes: [
                    ("users", Figure.count(Double(directory.users))),
                    ("page far behind", "number \(page), of \(ListQuery.pageSize)"),
                ]))
    }

    private func prove(
        _ queries: [ListQuery], _ samples: [ListQuery: [ListSample]], _ session: BenchSession, _ table: SampleTable
    ) async throws {
        let proof = ListProof(client: session.client, table: table)
        for query in queries {
            try await proof.check(ListSelect(query: query, client: client), samples[query] ?? [])
        }
    }

    private func compare(
        _ queries: [ListQuery], _ samples: [ListQuery: [ListSample]], _ plan: BenchPlan, _ session: BenchSession,
        _ progress: ProgressBar
    ) async throws -> [Round] {
        let comparisons = try queries.map { query in
            let own = samples[query] ?? []
            var limit: PgbenchSelect?
            if let server = session.server {
                limit = PgbenchSelect(
                    program: try BenchSession.pgbench(), configuration: server.configuration, threads: database.threads,
                    select: ListSelect(query: query, client: client), samples: own, seed: session.seed)
            }
            return Comparison(
                subject: query.title,
                scenario: ListScenario(
                    target: session.target, token: session.token, seed: session.seed, samples: own),
                limit: limit, generator: session.generator, plan: plan, measure: .p95, meter: session.meter,
                progress: progress, firstRun: 1)
        }
        progress.begin(steps: comparisons.reduce(0) { $0 + $1.steps }, window: plan.window)
        defer { progress.end() }
        var rounds: [Round] = []
        for comparison in comparisons { rounds += try await comparison.run() }
        return rounds
    }
}
