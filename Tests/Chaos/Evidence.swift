// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// Everything that is known after a round: PostgreSQL's tables, Redis's sets, and what the doubles and the sinks saw.
struct Evidence: Sendable {
    struct Job: Sendable {
        let id: String
        let resourceID: String
        let type: String
        let revision: Int
        let order: Int
        let operation: String
        let state: String
        let requestID: String
        /// In whose name it was written.
        var client = ""
        var error: String?
        var supersededBy: String?
        /// The resource before and after; null for none.
        var oldResource: JSONValue = .null
        var newResource: JSONValue = .null
        /// Its event was recorded when it was accepted.
        var isAnnounced = false
        /// A dead letter that somebody, or a later write, has dealt with.
        var isSettled = false
    }

    /// What became of a write that was refused for good, as the audit log has it.
    struct Compensation: Sendable {
        let jobID: String
        let resourceID: String
        /// `reverted`, `removed`, `overtaken` or `kept`.
        let end: String
    }

    struct Resource: Sendable {
        let id: String
        let type: String
        let revision: Int
        let attributes: JSONValue
        var members: Set<String> = []
    }

    struct Object: Sendable {
        let dn: String
        let module: String
        let identifier: String?
        let properties: JSONValue
        var uuid = ""
    }

    /// A write that UDM's double carried out, in the order in which they ended.
    struct Commit: Sendable {
        let identifier: String
        let method: String
        let requestID: String?
    }

    struct Event: Sendable {
        let realm: String
        let id: String
        let jobID: String
        let resourceID: String
        let order: Int
        var operation = ""
        var old: JSONValue = [:]
        var new: JSONValue = [:]

        /// Of a `sync-error`: the attributes that were refused; none for the whole write.
        var attributes: Set<String> {
            Set(new[Self.metadata]?["attributes"]?.arrayValue?.compactMap(\.stringValue) ?? [])
        }

        static let metadata = "urn:univention:scim:event:1.0"
    }

    var jobs: [Job] = []
    var resources: [String: Resource] = [:]
    var compensations: [Compensation] = []
    /// Counts that must be zero, by what they count.
    var leftovers: [String: Int] = [:]
    /// The first of what is due later in Redis, each with the time left.
    var dueLater: [String] = []
    /// By resource: what is parked, and `""` when its last write failed.
    var failures: [String: Set<String>] = [:]
    var objects: [Object] = []
    /// Fingerprints of the password that an object has, by its uuid.
    var fingerprints: [String: String] = [:]
    var commits: [Commit] = []
    /// Sequence numbers of requests whose client had given up: late calls that nobody can take back.
    var abandonedCalls: Set<Int> = []
    var check: JSONValue = .null
    /// By sink, in the order of their arrival, repetitions included.
    var events: [String: [Event]] = [:]
    /// Places in which a password was found in clear.
    var leaks: [String] = []

    static func gather(_ round: Round) async throws -> Evidence {
        var evidence = Evidence()
        try await evidence.readDatabase(round)
        try await evidence.readRedis(round)
        try await evidence.readUDM(round)
        try await evidence.readEvents(round)
        evidence.searchLogs(round)
        return evidence
    }
}
