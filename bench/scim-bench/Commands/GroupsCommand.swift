// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

struct GroupsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "groups",
        abstract: "How long adding a member to a large group takes, beside the same on a small one.",
        discussion: """
            Example:

              scim-bench groups --url http://127.0.0.1:8080/scim/v2 --token-file token --users 1000000

            Needs what `load` has loaded, with the same --users and --seed. What it adds it removes again.
            """)

    /// Asked of a group of so many members, and more.
    static let goal = (members: 100_000, ratio: Goal.atMost(1.3))
    /// Who is added, one after the other. They are the last of all, the members of the groups are the first.
    private static let userCount = 500

    @OptionGroup var target: TargetOptions
    @OptionGroup var run: RunOptions
    @OptionGroup var database: DatabaseOptions
    @OptionGroup var directory: DirectoryOptions

    func run() async throws {
        let command = self
        try await BenchSession.run(target, run, database, seed: directory.seed) { session in
            try await command.measure(session)
        }
    }

    private func measure(_ session: BenchSession) async throws -> Report {
        let plan = try run.plan(connections: "1", budget: 60, sides: 1)
        let groups = DirectoryGroups(seed: session.seed)
        let loader = GroupLoader(client: session.client)
        guard let large = try await loader.find(groups.largeName), let small = try await loader.find(groups.smallName)
        else { throw BenchFailure("the groups are not there. Run `scim-bench load` first") }
        let total = try await session.client.total("/Users")
        let users = try await session.client.ids(
            "/Users", from: max(0, total - Self.userCount), count: Self.userCount)
        let scenario = GroupsScenario(
            client: session.client,
            patches: MemberPatches(
                target: session.target, token: session.token, largeGroup: large, smallGroup: small, users: users))
        try await scenario.tryOut()
        // A server that cannot be asked for them tells nothing of its size.
        let members = try? await session.client.total("/Users", filter: "groups.value eq \"\(large)\"")
        let comparison = Comparison(
            subject: "PATCH add one member", scenario: scenario, limit: nil, generator: session.generator, plan: plan,
            measure: .p50, meter: session.meter, progress: ProgressBar(isSilent: run.quiet), firstRun: 1)
        comparison.progress.begin(steps: comparison.steps, window: plan.window)
        let rounds = try await comparison.run()
        comparison.progress.end()
        return Report(
            scenario: "groups", operation: .request,
            limitName: "the same on a group of \(DirectoryGroups.smallSize), request by request", measure: .p50,
            goal: members ?? 0 >= Self.goal.members ? Self.goal.ratio : nil,
            sizes: members.map { [("members", $0)] } ?? [], began: session.began, seed: session.seed,
            plan: plan, rounds: rounds,
            provenance: try await session.provenance(
                notes: [("members of the large group", members.map { Figure.count(Double($0)) } ?? "unknown")]))
    }
}
