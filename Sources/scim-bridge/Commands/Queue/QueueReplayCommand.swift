// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import JSON
import Queue
import SCIM
import Storage
import Sync

struct QueueReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay", abstract: "Have resources pushed again as they are now.",
        discussion: """
            Example:

              scim-bridge queue replay 0198f3a2-5c1e-7000-8000-0123456789ab
              scim-bridge queue replay --scim-type uniqueness --since 24h --dry-run
              scim-bridge queue replay --scim-type uniqueness --since 24h --rate 20/s

            What is pushed is the present state of the resource, never the old one, under a new job: its dead letters are settled, its parked
            attributes are tried again. A failed delete is a delete again. A password that was set with a failed write is gone; set it anew.
            Without an id, all dead letters that the filter leaves are replayed, the oldest first, in the lane bulk.
            """)

    @Argument(help: "The id of a dead letter, of another job, or of a resource.") var id: String?
    @Flag(help: "All dead letters there are.") var all = false
    @OptionGroup var filter: QueueFilterOptions
    @Option(help: "Resources a second at most, such as 20/s.") var rate: String?
    @Flag(help: "Tell what would be replayed, and change nothing.") var dryRun = false
    @OptionGroup var actor: QueueActorOption
    @Flag(help: "Print one JSON document.") var json = false

    func validate() throws {
        if let id { _ = try QueueArgument.id(id) }
        if let rate { _ = try QueueArgument.rate(rate) }
        let isFiltered = try !filter.filter().isEmpty
        guard [id != nil, all, isFiltered].count(where: { $0 }) == 1 else {
            throw ValidationError("Name one id, or what to replay by a filter such as --since 24h, or --all")
        }
    }

    func run() async throws {
        try await QueueSession.run(dryRun ? [] : [.queue]) { session in
            if let id { try await one(id, session) } else { try await many(session) }
        }
    }

    private func one(_ id: String, _ session: QueueSession) async throws {
        let subject = try await session.subject(id)
        if dryRun {
            let report = try await session.database.operators.inspection.report(
                on: ResourceSubject(tenant: subject.tenant, type: subject.type, id: subject.id))
            print("Would be pushed again:\n\(QueueText.report(report))")
            return
        }
        let replay = DeadLetterReplay(database: session.database, queue: try session.queue())
        let one = try await replay.replay(subject, by: actor.name)
        print(try Self.text(one, json: json))
        if let problem = one.redisProblem { Self.warn(problem) }
    }

    static func text(_ one: DeadLetterReplay.One, json: Bool) throws -> String {
        let resource = "\(one.subject.type.rawValue) \(one.subject.id)"
        let (result, job, settled, text): (String, LowercaseUUID?, Int, String) =
            switch one.result {
            case .queued(let job, let operation, let settled):
                (
                    "queued", job, settled,
                    "\(resource) is queued: \(operation.rawValue), job \(job); \(Self.letters(settled)) settled."
                )
            case .alreadyOpen(let job, let settled):
                (
                    "alreadyOpen", job, settled,
                    "\(resource) has an open write, which brings its present state: job \(job) is due now; \(Self.letters(settled)) settled."
                )
            case .gone(let settled):
                (
                    "gone", nil, settled,
                    "\(resource) was deleted, and UDM knows; nothing is pushed, \(Self.letters(settled)) settled."
                )
            case .busy:
                throw CommandFailure("\(resource) is at work, or has open writes; wait until they have ended")
            }
        guard json else { return text }
        return QueueJSON.document(
            [
                "result": .string(result), "resource": QueueJSON.id(one.subject.id),
                "job": job.map(QueueJSON.id) ?? .null,
                "settled": QueueJSON.number(Int64(settled)),
            ])
    }

    private static func letters(_ count: Int) -> String { "\(count) dead letter\(count == 1 ? "" : "s")" }

    static func warn(_ problem: String) {
        StandardError.write(
            "It is safe in PostgreSQL, but Redis does not know of it yet (\(problem)); the sweep finds it within a minute."
        )
    }

    // MARK: Many

    private func many(_ session: QueueSession) async throws {
        let filter = try filter.filter()
        let counts = try await session.database.operators.deadLetters.count(filter)
        if dryRun {
            print(
                json
                    ? QueueJSON.document(
                        [
                            "letters": QueueJSON.number(Int64(counts.letters)),
                            "resources": QueueJSON.number(Int64(counts.resources)),
                        ])
                    : "\(counts.resources) resources with \(Self.letters(counts.letters)) would be pushed again; nothing was changed."
            )
            return
        }
        let replay = DeadLetterReplay(database: session.database, queue: try session.queue())
        var bar = ProgressBar(total: counts.resources)
        let sum = try await replay.replay(filter, rate: try rate.map { try QueueArgument.rate($0) }, by: actor.name) {
            bar.show($0.queued + $0.alreadyOpen + $0.gone, "\($0.queued) queued")
        }
        bar.end()
        if json {
            print(
                QueueJSON.document([
                    "letters": QueueJSON.number(Int64(sum.letters)), "queued": QueueJSON.number(Int64(sum.queued)),
                    "alreadyOpen": QueueJSON.number(Int64(sum.alreadyOpen)), "gone": QueueJSON.number(Int64(sum.gone)),
                ]))
        } else {
            print(
                "\(sum.queued) queued, \(sum.alreadyOpen) had an open write, \(sum.gone) were deleted; \(Self.letters(sum.letters)) settled."
            )
        }
        if sum.notEnqueued > 0 { Self.warn("\(sum.notEnqueued) resources") }
    }
}
