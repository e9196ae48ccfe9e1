// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import JSON
import Queue
import SCIM
import Storage
import Sync
import UDM

struct QueueVerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Compare a resource with its object in UDM now.",
        discussion: """
            Example:

              scim-bridge queue verify User 3f1c8a52-7a0e-4a4f-9a55-1d2c3b4a5f60
              scim-bridge queue verify Group 3f1c8a52-7a0e-4a4f-9a55-1d2c3b4a5f60 --repair

            Ends with 0 when both are the same and with 1 when they differ. Passwords cannot be compared. --repair brings UDM to what SCIM has: it undoes
            what others changed of the mapped properties, and creates an object that was lost. Members of a group that SCIM does not know are left.
            """)

    @Argument(help: "User or Group.") var type: String
    @Argument(help: "The id of the resource.") var id: String
    @Option(help: "Its tenant.") var tenant = "default"
    @Flag(help: "Queue a push when they differ.") var repair = false
    @OptionGroup var actor: QueueActorOption
    @Flag(help: "Print one JSON document.") var json = false

    func validate() throws {
        _ = try QueueArgument.type(type)
        _ = try QueueArgument.id(id)
    }

    func run() async throws {
        let needs: Set<OperatorSettings.Need> = repair ? [.udm, .queue] : [.udm]
        try await QueueSession.run(needs) { session in
            let subject = ResourceSubject(
                tenant: tenant, type: try QueueArgument.type(type), id: try QueueArgument.id(id))
            let mapping = UDMMapping(rules: session.settings.rules, schema: session.settings.schema)
            let report = try await session.withUDM { client in
                try await ResourceVerification(database: session.database, client: client, mapping: mapping)
                    .verify(subject)
            }
            print(json ? QueueJSON.document(QueueJSON.verification(report)) : Self.text(report, subject))
            if report.finding == .absent {
                throw CommandFailure(
                    "neither SCIM nor UDM has a \(subject.type.rawValue) \(subject.id) in tenant \(subject.tenant)",
                    status: ExitStatus.notFound)
            }
            guard !report.isSame else { return }
            if repair { try await queueRepair(report, subject, session) }
            throw ExitCode(ExitStatus.failure)
        }
    }

    private func queueRepair(
        _ report: VerificationReport, _ subject: ResourceSubject, _ session: QueueSession
    ) async throws {
        guard report.finding != .missingInSCIM else {
            throw CommandFailure(
                "SCIM has no such resource, so there is nothing to push; a failed delete is replayed with `scim-bridge queue replay \(subject.id)`"
            )
        }
        let replay = DeadLetterReplay(database: session.database, queue: try session.queue())
        let one = try await replay.replay(
            subject, lane: .repair, by: actor.name, repair: ResourceVerification.repair(of: report))
        StandardError.write(try QueueReplayCommand.text(one, json: false))
        if let problem = one.redisProblem { QueueReplayCommand.warn(problem) }
    }

    static func text(_ report: VerificationReport, _ subject: ResourceSubject) -> String {
        var lines: [String] = []
        let resource = "\(subject.type.rawValue) \(subject.id)"
        switch report.finding {
        case .same: lines.append("\(resource) is the same in SCIM (revision \(report.revision ?? 0)) and in UDM.")
        case .different: lines.append("\(resource) differs:")
        case .missingInUDM: lines.append("\(resource) is in SCIM and not in UDM.")
        case .missingInSCIM: lines.append("\(resource) is in UDM and not in SCIM.")
        case .absent: lines.append("\(resource) is neither in SCIM nor in UDM.")
        }
        if let dn = report.dn { lines.append("UDM: \(QueueText.oneLine(dn))") }
        if let known = report.knownDN, let dn = report.dn, !DN.areEqual(known, dn) {
            lines.append("It was believed to be \(QueueText.oneLine(known)); it was renamed or moved in UDM.")
        }
        if report.openJobs > 0 {
            lines.append("\(report.openJobs) write\(report.openJobs == 1 ? "" : "s") still to be pushed.")
        }
        for difference in report.differences {
            let attribute = difference.attribute.map { " (\($0))" } ?? ""
            lines.append("  \(difference.property)\(attribute): \(Self.cause(difference.cause))")
            lines.append("    SCIM: \(Self.value(difference.expected))")
            lines.append("    UDM:  \(Self.value(difference.found))")
            if let synced = difference.synced, synced != difference.expected {
                lines.append("    pushed last: \(Self.value(synced))")
            }
        }
        for id in report.members.lacking { lines.append("  member \(id): not in UDM's group") }
        for id in report.members.notInUDM { lines.append("  member \(id): not in UDM itself") }
        for dn in report.members.additional {
            lines.append("  \(QueueText.oneLine(dn)): in UDM's group only; a repair leaves it")
        }
        return lines.joined(separator: "\n")
    }

    private static func cause(_ cause: VerificationReport.Difference.Cause) -> String {
        switch cause {
        case .pending: "still to be pushed"
        case .parked: "parked, because UDM refused it"
        case .changedInUDM: "changed in UDM since it was pushed"
        case .notPushed: "never pushed so"
        }
    }

    /// Long values, such as pictures, are cut.
    private static func value(_ value: JSONValue) -> String {
        let text = QueueText.oneLine(value.text)
        return text.count > 200 ? "\(text.prefix(200))… (\(text.utf8.count) bytes)" : text
    }
}
