// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Logging
import SCIM
import Storage

struct EventsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events", abstract: "See events that a sink refused for good, send them again or give them up.",
        discussion: """
            Example:

              scim-bridge events parked
              scim-bridge events resend --sink webhook --all

            Reads the settings that `migrate` reads. A process with the role events has to run for anything to be sent.
            """,
        subcommands: [Parked.self, Resend.self, Discard.self])

    struct Parked: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List parked events, the one that has waited longest first.")

        @Option(help: "Of this sink only: provisioning, webhook or redis-stream.") var sink: String?
        @Option(help: "The most to list.") var limit = 100

        func validate() throws {
            try CommandLineValue.check("--limit", limit, in: 1...1_000_000)
            _ = try EventsCommand.sink(sink)
        }

        func run() async throws {
            let selection = ParkedSelection(sink: try EventsCommand.sink(sink))
            let events = try await EventsCommand.withEvents { try await $0.listParked(selection, limit: limit) }
            for event in events { EventsCommand.print(event) }
            if events.isEmpty { Swift.print("No event is parked.") }
        }
    }

    struct Resend: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Send parked events again.",
            discussion: """
                Whatever made the sink refuse them has to be gone. They come after later events of their resources, so consumers that go by \
                `order` read the resource instead.
                """)

        @OptionGroup var choice: Choice

        func run() async throws {
            let selection = try choice.selection()
            let events = try await EventsCommand.withEvents {
                try await $0.resendParked(selection, actor: EventsCommand.actor)
            }
            EventsCommand.report(events, "is sent again", "are sent again")
        }
    }

    struct Discard: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give parked events up: the sink never gets them. The audit log keeps their ids.")

        @OptionGroup var choice: Choice

        func run() async throws {
            let selection = try choice.selection()
            let events = try await EventsCommand.withEvents {
                try await $0.discardParked(selection, actor: EventsCommand.actor)
            }
            EventsCommand.report(events, "is given up", "are given up")
        }
    }

    /// Which events are meant.
    struct Choice: ParsableArguments {
        @Argument(help: "Ids of events.") var ids: [String] = []
        @Flag(help: "All that are parked.") var all = false
        @Option(help: "At this sink only: provisioning, webhook or redis-stream.") var sink: String?

        func validate() throws { _ = try selection() }

        func selection() throws -> ParkedSelection {
            guard ids.isEmpty == all else {
                throw ValidationError("Name the ids of events, as `scim-bridge events parked` shows them, or --all")
            }
            let parsed = try ids.map { text in
                guard let id = EventID(text.lowercased()) else {
                    throw ValidationError("\"\(text)\" is no id of an event")
                }
                return id
            }
            return ParkedSelection(sink: try EventsCommand.sink(sink), ids: all ? nil : parsed)
        }
    }

    // MARK: Parts

    /// For the audit log.
    static var actor: String { "cli:\(NSUserName())" }

    static func sink(_ name: String?) throws -> SinkName? {
        guard let name else { return nil }
        guard let sink = SinkName(rawValue: name) else {
            throw ValidationError(
                "\"\(name)\" is no sink. Sinks are \(SinkName.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return sink
    }

    static func withEvents<Value>(_ body: (EventStore) async throws -> Value) async throws -> Value {
        let (configuration, _) = try BridgeConfiguration.read(roles: [])
        let logger = Logging.bootstrap(level: configuration.logLevel, format: configuration.logFormat)
        let database = Database(
            configuration: StorageConfiguration(
                postgres: configuration.database, sealer: nil, rules: configuration.rules),
            logger: logger.labelled("storage"))
        do {
            let value = try await body(database.events)
            await database.close()
            return value
        } catch {
            await database.close()
            throw CommandFailure("The events cannot be reached: \(error)", status: ExitStatus.unavailable)
        }
    }

    static func print(_ event: ParkedEvent) {
        Swift.print(
            """
            \(event.id)  \(event.sink)  order \(event.order)  \(event.type.rawValue) \(event.resourceID) revision \(event.revision) \
            \(event.kind == .error ? "sync-error of " : "")\(event.operation.rawValue)  parked \(event.parkedAt.iso8601Milliseconds)  \
            tries \(event.attempts)
              \(event.reason ?? "")
            """)
    }

    static func report(_ events: [ParkedEvent], _ one: String, _ many: String) {
        for event in events { print(event) }
        Swift.print(events.count == 1 ? "1 event \(one)." : "\(events.count) events \(many).")
    }
}
