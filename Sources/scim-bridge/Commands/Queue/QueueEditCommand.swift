// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import JSON
import SCIM
import Storage
import Sync
import UDM

struct QueueEditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "edit", abstract: "Change a resource so that UDM can take it.",
        discussion: """
            Example:

              scim-bridge queue edit 0198f3a2-5c1e-7000-8000-0123456789ab --set userName=jroe2 --set 'emails[type eq "work"].value=jo@example.org'
              scim-bridge queue edit 0198f3a2-5c1e-7000-8000-0123456789ab --patch change.json

            A new revision by the rules of SCIM's PATCH, with a job and an event of its own; what was written before stays in the history. The
            identity provider does not know of it: it may write its own value again. A password is set by a file only (--patch), never by --set,
            which others would see in the list of processes.
            """)

    @Argument(help: "The id of a job or a resource.") var id: String
    @Option(help: "path=value: replace an attribute. The value is JSON, or a string when it is none; may be repeated.")
    var set: [String] = []
    @Option(help: "Remove an attribute by its path; may be repeated.") var remove: [String] = []
    @Option(help: "A file with a SCIM PATCH message; - reads it from standard input.") var patch: String?
    @Option(help: "Only if the resource has this revision.") var ifRevision: Int64?
    @Option(help: "Why, for the audit log.") var reason: String?
    @OptionGroup var actor: QueueActorOption
    @Flag(help: "Print one JSON document.") var json = false

    func validate() throws {
        _ = try QueueArgument.id(id)
        guard (patch == nil) != (set.isEmpty && remove.isEmpty) else {
            throw ValidationError("Say what to change: either --patch FILE, or --set path=value and --remove path")
        }
        _ = try Self.message(set: set, remove: remove)
    }

    func run() async throws {
        let body = try patch.map { try Self.read($0) } ?? Self.message(set: set, remove: remove)
        try await QueueSession.run([.queue, .resources]) { session in
            let subject = try await session.subject(id)
            let edit = ResourceEdit(
                database: session.database, queue: try session.queue(),
                validator: ResourceValidator(
                    registry: session.settings.schema.registry, rules: session.settings.rules))
            do {
                let result = try await edit.edit(subject, body, ifMatch: ifRevision, by: actor.name, reason: reason)
                print(try Self.text(result, subject, json: json))
            } catch let error as SCIMError {
                throw CommandFailure("the edit was refused: \(error.detail)")
            } catch let error as WriteError {
                throw CommandFailure("\(error): set PASSWORD_KEY_FILE", status: ExitStatus.configuration)
            }
        }
    }

    static func text(_ result: ResourceEdit.Result, _ subject: ResourceSubject, json: Bool) throws -> String {
        let resource = "\(subject.type.rawValue) \(subject.id)"
        switch result {
        case .edited(let revision, let job, let problem):
            if let problem { QueueReplayCommand.warn(problem) }
            if json {
                return QueueJSON.document(
                    [
                        "result": "edited", "resource": QueueJSON.id(subject.id),
                        "revision": QueueJSON.number(revision), "job": QueueJSON.id(job),
                    ])
            }
            return "\(resource) has revision \(revision) now; job \(job) brings it to UDM."
        case .unchanged:
            if json { return QueueJSON.document(["result": "unchanged", "resource": QueueJSON.id(subject.id)]) }
            return "\(resource) is so already; `scim-bridge queue replay \(subject.id)` has it pushed again."
        case .notFound:
            throw CommandFailure(
                "\(resource) was deleted; there is nothing to edit. A failed delete is replayed with `scim-bridge queue replay`",
                status: ExitStatus.notFound)
        case .revisionMismatch(let current):
            throw CommandFailure(
                "\(resource) has revision \(current); look at it again and name that with --if-revision")
        case .uniqueness(let claim):
            throw CommandFailure("\"\(QueueText.oneLine(claim.value))\" is taken by another resource")
        case .badMembers(let why): throw CommandFailure("the members cannot be so: \(why)")
        }
    }

    private static func read(_ path: String) throws -> JSONValue {
        let data =
            path == "-" ? FileHandle.standardInput.readDataToEndOfFile() : FileManager.default.contents(atPath: path)
        guard let data else { throw CommandFailure("the file \(path) cannot be read") }
        do throws(JSONError) {
            return try JSONValue(parsing: Array(data))
        } catch {
            throw CommandFailure("\(path) is no JSON: \(error)")
        }
    }

    /// The PATCH message that options stand for.
    static func message(set: [String], remove: [String]) throws -> JSONValue {
        var operations: [JSONValue] = []
        for text in set {
            let (path, value) = try assignment(text)
            if path.lowercased().hasSuffix("password") {
                throw ValidationError(
                    "A password on the command line is seen in the list of processes: put it into a PATCH message and name that file with --patch"
                )
            }
            operations.append(["op": "replace", "path": .string(path), "value": value])
        }
        for path in remove { operations.append(["op": "remove", "path": .string(path)]) }
        return ["schemas": [.string(SchemaURN.patchOp)], "Operations": .array(operations)]
    }

    /// The first `=` outside of a filter in brackets ends the path.
    private static func assignment(_ text: String) throws -> (path: String, value: JSONValue) {
        var depth = 0
        var isQuoted = false
        for index in text.indices {
            switch text[index] {
            case "\"": isQuoted.toggle()
            case "[" where !isQuoted: depth += 1
            case "]" where !isQuoted: depth -= 1
            case "=" where depth == 0 && !isQuoted && index > text.startIndex:
                let value = String(text[text.index(after: index)...])
                return (String(text[..<index]), (try? JSONValue(parsing: value)) ?? .string(value))
            default: break
            }
        }
        throw ValidationError("--set takes path=value, such as --set userName=jroe, not \"\(text)\"")
    }
}
