// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

struct QueueCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queue",
        abstract: "How many resources a second pass through the queue in Redis, beside bare scripts.",
        discussion: """
            Example:

              scim-bench queue --url http://127.0.0.1:8080/scim/v2 --redis-url redis://127.0.0.1:6379/0 --redis-password-file redis-password

            A client makes resources due, ends its turns and takes the next, with the scripts and the connection of the bridge; the limit are scripts \
            with the same keys and commands that decide nothing. It uses queues of its own, bench-queue and bench-queue-bare, and removes them.
            """)

    @OptionGroup var target: TargetOptions
    @OptionGroup var run: RunOptions
    @OptionGroup var redis: RedisOptions
    @Option(help: "Resources of a call.") var batch = 16

    func validate() throws {
        guard (1...256).contains(batch) else { throw ValidationError("--batch must be from 1 to 256") }
    }

    func run() async throws {
        let command = self
        try await BenchSession.run(target, run, seed: .random(in: 0...UInt64.max)) { session in
            try await command.measure(session)
        }
    }

    private func measure(_ session: BenchSession) async throws -> Report {
        let plan = try run.plan(connections: "1,8", budget: 40, sides: 2)
        let server = try await RedisServer.open(redis, allowingRemote: target.allowRemote)
        let scenario = QueueScenario(
            redis: server, name: "bench-queue", batch: batch, seed: session.seed, isSilent: run.quiet)
        let rounds: [Round]
        do {
            rounds = try await scenario.run(plan)
        } catch {
            await server.close()
            throw error
        }
        await server.close()
        return Report(
            scenario: "queue", operation: .request,
            limitName: "scripts that decide nothing, with the same keys and commands",
            began: session.began, seed: session.seed, plan: plan, rounds: rounds,
            provenance: try await session.provenance(
                notes: [
                    ("rate", "resources a second, each enqueued, leased and released; \(batch) of a call"),
                    ("latency", "of the two calls of a turn"), ("processor times of the server", "of Redis"),
                ]))
    }
}
