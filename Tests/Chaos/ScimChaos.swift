// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import AsyncHTTPClient
internal import Foundation
internal import Synchronization

@main
struct ScimChaos: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scim-chaos",
        abstract:
            "Kills the bridge and everything around it at random, and counts whether anything was lost, doubled or out of order.",
        discussion: """
            Every seed is a round of its own: a workload, a storm of kills, the calm in which everything drains, the check. A run goes on with the
            seeds after --seed until the kills or the minutes are used up; the summary names the first seed that was not run.

            Ends with 0 when all was well, with 1 after a violation, and with 2 when the run has shown too little: the minutes were over before the
            kills were reached, or hardly any write was accepted.
            """)

    @Option(help: "The first seed.") var seed: UInt64 = 1
    @Option(help: "Stop after so many kills.") var kills = 1000
    @Option(help: "Kills without which the run has shown too little; --kills unless set.") var leastKills: Int?
    @Option(help: "Stop after so many minutes, at the end of a round.") var minutes = 60.0
    @Option(help: "Kills of one round.") var killsPerRound = 40
    @Option(help: "Seconds in which everything must have drained, besides those that UDM takes for it.") var drain = 90
    @Option(help: "Where logs, journals and secrets go; what is left of good rounds is removed.") var folder: String?
    @Option(help: "The program under test, a debug build.") var bridge: String?
    @Option(help: "The list of failpoints.") var failpoints = "docs/developing/failpoints.md"
    @Flag(help: "Keep the evidence of good rounds too.") var keep = false

    func validate() throws {
        guard (leastKills ?? kills) <= kills else { throw ValidationError("--least-kills is more than --kills") }
    }

    func run() async throws {
        let program = try bridge ?? Self.sibling("scim-bridge")
        let folder = folder ?? NSTemporaryDirectory() + "/scim-chaos-\(getpid())"
        let list = try Failpoints(documentation: failpoints)
        let servers = try await Servers(bridge: program, folder: folder)
        var tally = Tally()
        let end = ContinuousClock.now + .milliseconds(Int64(minutes * 60_000))
        var next = seed
        do {
            while tally.kills < kills, ContinuousClock.now < end {
                let plan = Plan(seed: next, kills: min(killsPerRound, kills - tally.kills))
                try await play(plan, servers, list, end, &tally)
                next += 1
            }
        } catch {
            await servers.stop()
            throw error
        }
        await servers.stop()
        let verdict = tally.verdict(wanted: kills, least: leastKills ?? kills)
        Report.write(tally.summary(seeds: seed..<next, verdict))
        for sentence in verdict.shortcomings { Report.write("SHOWN TOO LITTLE: \(sentence)") }
        if tally.violations.isEmpty {
            if !keep { try? FileManager.default.removeItem(atPath: folder) }
        } else {
            Report.write("Evidence: \(folder)")
        }
        if verdict.status != 0 { throw ExitCode(verdict.status) }
    }

    private func play(
        _ plan: Plan, _ servers: Servers, _ list: Failpoints, _ end: ContinuousClock.Instant, _ tally: inout Tally
    ) async throws {
        let started = ContinuousClock.now
        Report.write("seed \(plan.seed): \(plan.description)")
        let round = try await Round(plan, servers: servers)
        let pauses = Pauses(round)
        let failpoints = plan.revertsRefusals ? list : list.without("compensation.")
        let storm = Storm(round, failpoints: failpoints, pauses: pauses, deadline: end)
        let watch = RecoveryWatch(round)
        let ports = round.processes.filter { $0.roles.contains("api") }.map(\.port)
        let workload = Workload(refusals: round.refusals, ports: ports, tokens: round.tokens)
        let watching = Task { await watch.run() }
        defer { watching.cancel() }
        do {
            let writing = Task { await workload.run() }
            defer { writing.cancel() }
            try await storm.rage()
            try await storm.calm()
            writing.cancel()
            await writing.value
            let limit = drain + plan.seconds(for: workload.accepted)
            var left = try await Drain(round, limit: .seconds(limit)).wait()
            var violations: [String] = []
            if left == nil {
                let probe = RecoveryProbe(round: round, storm: storm, workload: workload, watch: watch)
                violations += try await probe.run().map { [$0] } ?? []
                left = try await Drain(round, limit: .seconds(drain)).wait()
            }
            storm.look()
            watching.cancel()
            await watching.value
            let evidence = try await Evidence.gather(round)
            let judgement = Judgement(
                evidence, attempts: workload.attempts, refusals: round.refusals,
                emitsOnAcceptance: plan.emitsOnAcceptance, revertsRefusals: plan.revertsRefusals)
            violations += judgement.violations
            violations += left.map { ["not drained after \(limit) s: \($0)"] } ?? []
            violations += storm.crashes.map { "crash: \($0)" }
            violations += workload.faults.map { "answer: \($0)" }
            violations += watch.figures.violations
            violations += pauses.problems.map { "pause: \($0)" }
            violations += round.webhook.problems
            if left == nil { violations += try await Metrics(round).differences(from: evidence) }
            tally.add(
                Tally.Round(
                    plan: plan, storm: storm, workload: workload, evidence: evidence, judged: judgement.figures,
                    recovery: watch.figures, pauses: pauses.checked, violations: violations,
                    duration: started.duration(to: .now)))
            await round.stop(keepingEvidence: keep || !violations.isEmpty)
        } catch {
            await round.stop(keepingEvidence: true)
            throw error
        }
    }

    private static func sibling(_ name: String) throws -> String {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let path = URL(fileURLWithPath: own).deletingLastPathComponent().appendingPathComponent(name).path
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw ChaosFailure("\(path) is missing; build it, or name one with --bridge")
        }
        return path
    }
}
