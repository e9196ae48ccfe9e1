// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import JSON
import SCIM
import Storage
import Sync
import UDM

/// In whose name users and groups are written, and whether UDM gets it.
struct ResourceOptions: ParsableArguments {
    @Option(help: "The tenant.") var tenant = "default"
    @Option(help: "The client that the write counts as; externalId is that client's.") var client = "cli"
    @Flag(help: "Store it and push nothing to UDM; a later write brings it there.") var noPush = false
    @Option(help: "Why, for the audit log.") var reason: String?
    @OptionGroup var actor: QueueActorOption
    @Flag(help: "Print one JSON document.") var json = false

    func validate() throws {
        guard tenant.wholeMatch(of: /[a-z0-9][a-z0-9-]{0,62}/) != nil else {
            throw ValidationError(
                "--tenant must be lower-case letters, digits and -, such as default, not \"\(tenant)\"")
        }
        guard !client.isEmpty else { throw ValidationError("--client must not be empty") }
    }

    var origin: ResourceUpsert.Origin {
        ResourceUpsert.Origin(
            tenant: tenant, client: client, actor: actor.name, reason: reason, isPushed: !noPush)
    }

    /// Opens what is needed and lends it to `body`.
    ///
    /// - Returns: What is to be printed.
    func write(
        withPassword: Bool = false, environment: [String: String],
        _ body: (ResourceUpsert) async throws -> ResourceUpsert.Result
    ) async throws -> String {
        var needs: Set<OperatorSettings.Need> = [.resources]
        if withPassword { needs.insert(.passwordKey) }
        if !noPush { needs.insert(.queueIfSet) }
        var output = ""
        try await QueueSession.run(needs, environment: environment) { session in
            let upsert = ResourceUpsert(
                database: session.database, queue: session.queueIfSet, registry: session.settings.schema.registry,
                rules: session.settings.rules)
            do {
                let result = try await body(upsert)
                if let problem = result.redisProblem { QueueReplayCommand.warn(problem) }
                output = json ? ResourceText.json(result) : ResourceText.line(result)
            } catch let error as SCIMError {
                throw CommandFailure("refused: \(error.detail)")
            } catch let error as UpsertRefusal {
                throw CommandFailure(
                    "refused: \(error)", status: error.isNotFound ? ExitStatus.notFound : ExitStatus.failure)
            }
        }
        return output
    }
}

/// The id of a resource on the command line.
struct ResourceIDOption: ParsableArguments {
    @Option(
        help:
            "Create it with this id, such as the univentionObjectIdentifier of its object in UDM; or change the one that has it, also its name."
    )
    var id: String?

    func validate() throws { _ = try value }

    var value: ResourceID? {
        get throws {
            guard let id else { return nil }
            // UDM takes no other versions.
            guard let value = ResourceID(id), [1, 4].contains(value.high >> 12 & 0xF) else {
                throw ValidationError(
                    "--id must be a UUID of version 4 (or 1), such as 3f1c8a52-7a0e-4a4f-9a55-1d2c3b4a5f60, not \"\(id)\""
                )
            }
            return value
        }
    }
}

/// What became of a write, for people and for programs.
enum ResourceText {
    static func line(_ result: ResourceUpsert.Result) -> String {
        var text = "\(result.id) \(result.outcome.rawValue): \(result.type.rawValue), revision \(result.revision)"
        if let job = result.job {
            text += "; job \(job) brings it to UDM"
        } else if result.outcome != .unchanged {
            text += "; nothing is pushed to UDM"
        }
        return text
    }

    static func json(_ result: ResourceUpsert.Result) -> String {
        var object: JSONObject = [
            "result": .string(result.outcome.rawValue), "type": .string(result.type.rawValue),
            "resource": QueueJSON.id(result.id), "revision": QueueJSON.number(result.revision),
        ]
        if let job = result.job { object["job"] = QueueJSON.id(job) }
        return QueueJSON.document(object)
    }
}
