// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import SCIM
import Storage

/// Which dead letters, jobs or parked attributes are meant.
struct QueueFilterOptions: ParsableArguments {
    @Option(help: "Of this tenant.") var tenant: String?
    @Option(help: "User or Group.") var type: String?
    @Option(help: "Of the resource with this id.") var resource: String?
    @Option(help: "Written by this client.") var client: String?
    @Option(help: "create, modify or delete.") var operation: String?
    @Option(help: "With this text in the error, in any case.") var error: String?
    @Option(help: "With this scimType in the error, such as uniqueness.") var scimType: String?
    @Option(help: "At this time or later: 2026-05-04T12:00:00Z, or 2h for two hours ago.") var since: String?
    @Option(help: "Before this time.") var until: String?

    func validate() throws { _ = try filter() }

    func filter(now: Timestamp = .now()) throws -> BacklogFilter {
        var filter = BacklogFilter()
        filter.tenant = tenant
        filter.type = try type.map { try QueueArgument.type($0) }
        filter.resource = try resource.map { try QueueArgument.id($0) }
        filter.client = client
        filter.operation = try operation.map { text in
            guard let operation = JobOperation(rawValue: text.lowercased()) else {
                throw ValidationError("--operation must be create, modify or delete, not \"\(text)\"")
            }
            return operation
        }
        filter.errorText = error
        filter.scimType = scimType
        filter.since = try since.map { try QueueArgument.time("--since", $0, now: now) }
        filter.until = try until.map { try QueueArgument.time("--until", $0, now: now) }
        return filter
    }
}

struct QueueActorOption: ParsableArguments {
    @Option(help: "Who does it, for the audit log; without it the user of the operating system.") var actor: String?

    var name: String {
        if let actor, !actor.isEmpty { return actor }
        // Behind sudo the user is root, which says nothing.
        return ProcessInfo.processInfo.environment["SUDO_USER"] ?? NSUserName()
    }
}

struct QueuePageOptions: ParsableArguments {
    @Option(help: "Most entries that are shown.") var limit = 50
    @Option(help: "Go on after this position, which the end of the page before names.") var after: String?
    @Flag(help: "Print one JSON document.") var json = false

    func validate() throws { try CommandLineValue.check("--limit", limit, in: 1...10_000) }
}

/// Arguments that are ids, types and times.
enum QueueArgument {
    static func id(_ text: String) throws -> LowercaseUUID {
        guard let id = LowercaseUUID(text.lowercased()) else {
            throw ValidationError(
                "\"\(text)\" is no id of a job or resource, such as 0198f3a2-5c1e-7000-8000-0123456789ab")
        }
        return id
    }

    static func type(_ text: String) throws -> ResourceType {
        switch text.lowercased() {
        case "user", "users": return .user
        case "group", "groups": return .group
        default: throw ValidationError("\"\(text)\" is no resource type: User or Group")
        }
    }

    static func time(_ option: String, _ text: String, now: Timestamp) throws -> Timestamp {
        if let time = Timestamp(iso8601: text) { return time }
        if let ago = SettingsReader.duration(text) { return now.advanced(by: .zero - ago) }
        throw ValidationError(
            "\(option) must be a time such as 2026-05-04T12:00:00Z, or a length of time such as 2h, not \"\(text)\"")
    }

    /// A rate such as `20`, `20/s` or `0.5/s`, in steps a second.
    static func rate(_ text: String) throws -> Double {
        let number = text.hasSuffix("/s") ? String(text.dropLast(2)) : text
        guard let rate = Double(number), rate.isFinite, rate >= 0.001, rate <= 10_000 else {
            throw ValidationError("--rate must be a number a second from 0.001 to 10000, such as 20/s, not \"\(text)\"")
        }
        return rate
    }
}
