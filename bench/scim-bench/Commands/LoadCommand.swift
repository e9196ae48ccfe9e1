// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Foundation

struct LoadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load", abstract: "Loads a directory of users and two groups, for the other commands.",
        discussion: """
            Example:

              scim-bench load --url http://127.0.0.1:8080/scim/v2 --token-file token --users 1000000 --group-members 100000

            Users go through /Bulk, a thousand in a request, as accepted writes like any others. The same seed gives the same users. Run again, \
            it goes on where it was stopped, and ends at once when everything is there.
            """)

    @OptionGroup var target: TargetOptions
    @OptionGroup var run: RunOptions
    @OptionGroup var directory: DirectoryOptions
    @Option(help: "Members of the large group.") var groupMembers = 100_000

    func validate() throws {
        guard (DirectoryGroups.smallSize...directory.users).contains(groupMembers) else {
            throw ValidationError("--group-members must be from \(DirectoryGroups.smallSize) to the number of --users")
        }
        guard try BenchPlan.connections(connections).allSatisfy({ (1...64).contains($0) }), loadConnections != nil
        else {
            throw ValidationError("--connections must be one number from 1 to 64")
        }
        guard (1...86_400).contains(budget) else { throw ValidationError("--budget-seconds must be from 1 to 86400") }
    }

    private var connections: String { run.connections ?? "4" }
    private var loadConnections: Int? { Int(connections) }
    private var budget: Int { run.budgetSeconds ?? 3600 }

    func run() async throws {
        let command = self
        try await BenchSession.run(target, run, seed: directory.seed) { session in try await command.load(session) }
    }

    private func load(_ session: BenchSession) async throws -> FigureReport {
        let users = DirectoryUsers(seed: session.seed)
        let loader = DirectoryLoader(
            client: session.client, users: users, connections: loadConnections ?? 1,
            deadline: .now + .seconds(budget))
        let count = directory.users
        let loaded = try await loader.load(count) { done in
            CountBar("users", total: count, done: done, isSilent: run.quiet)
        }
        let groups = DirectoryGroups(seed: session.seed)
        let groupLoader = GroupLoader(client: session.client)
        let large = try await groupLoader.load(groups.largeName, size: groupMembers) {
            try await session.client.ids("/Users", from: 0, count: groupMembers)
        }
        _ = try await groupLoader.load(groups.smallName, size: DirectoryGroups.smallSize) {
            try await session.client.ids("/Users", from: 0, count: DirectoryGroups.smallSize)
        }
        return FigureReport(
            scenario: "load",
            summary:
                "\(Figure.count(Double(count))) users through /Bulk, \(BulkRequest.operations) in a request, and a "
                + "group of \(Figure.count(Double(groupMembers))).",
            began: session.began, seed: session.seed, entries: Self.entries(loaded, large, connections: connections),
            problems: [], provenance: try await session.provenance())
    }

    static func entries(
        _ loaded: DirectoryLoader.Outcome, _ large: GroupLoader.Outcome, connections: String
    ) -> [FigureReport.Entry] {
        var entries = [
            FigureReport.Entry(key: "usersCreated", title: "users created", value: Double(loaded.created)),
            FigureReport.Entry(key: "usersPresent", title: "users found there", value: Double(loaded.present)),
        ]
        if loaded.created > 0, loaded.seconds > 0 {
            entries += [
                FigureReport.Entry(
                    key: "usersPerSecond", title: "users/s, \(connections) connections",
                    value: Double(loaded.created) / loaded.seconds),
                FigureReport.Entry(key: "seconds", title: "seconds", value: loaded.seconds, places: 1),
                FigureReport.Entry(key: "bulkP50", title: "request p50 ms", value: loaded.latency.p50, places: 1),
                FigureReport.Entry(key: "bulkP95", title: "request p95 ms", value: loaded.latency.p95, places: 1),
            ]
        }
        if let creation = large.creation {
            entries += [
                FigureReport.Entry(
                    key: "groupCreateSeconds", title: "POST of the large group, seconds", value: creation.seconds,
                    places: 2),
                FigureReport.Entry(
                    key: "groupCreateBytes", title: "POST of the large group, bytes", value: Double(creation.bytes)),
            ]
        }
        entries += [
            FigureReport.Entry(
                key: "groupReadSeconds", title: "GET of the large group, seconds", value: large.readSeconds, places: 2),
            FigureReport.Entry(
                key: "groupReadBytes", title: "GET of the large group, bytes", value: Double(large.readBytes)),
        ]
        return entries
    }
}
