// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Events
import JSON
import SCIM
import Storage

/// Outbox rows as the outcome of a job leaves them.
enum Row {
    static let eventID = "a3b00000-0000-4000-8000-000000000001"
    static let jobID = "7f1e0000-0000-7000-8000-000000000001"
    static let userID = "0b7d7c7e-6a0b-4f5e-9a36-1a2c7ad6b0ce"
    static let requestID = "5d0c0000-0000-4000-8000-000000000001"

    static func uuid(_ text: String) -> LowercaseUUID { LowercaseUUID(text) ?? .random() }

    static func time(_ text: String) -> Timestamp { Timestamp(iso8601: text) ?? Timestamp(microsecondsSinceEpoch: 0) }

    /// A state as `job` keeps it.
    static func state(_ attributes: JSONValue, externalId: String? = nil, modified: String? = nil) -> [UInt8] {
        var state: JSONObject = [
            "resource": attributes, "created": "2026-11-21T09:15:29.9+00:00",
            "modified": .string(modified ?? "2026-11-21T09:15:29.9+00:00"),
        ]
        state["externalId"] = externalId.map { .string($0) }
        return JSONValue.object(state).serialize()
    }

    static func text(_ value: JSONValue?) -> [UInt8]? { value?.serialize() }

    static func make(
        id: EventID = uuid(eventID), order: Int64 = 100_231, type: ResourceType = .user,
        resourceID: ResourceID = uuid(userID), revision: Int64 = 1, kind: OutboxEvent.Kind = .change,
        operation: JobOperation = .create, client: String = "hr-sync", requestID: String = requestID,
        old: [UInt8]? = nil, new: [UInt8]? = state(["userName": "jroe"]), oldMembers: JSONValue? = nil,
        newMembers: JSONValue? = nil, membersDelta: JSONValue? = nil, udmDN: String? = nil, error: JSONValue? = nil,
        attempts: Int = 1
    ) -> OutboxEvent {
        OutboxEvent(
            id: id, order: order, kind: kind, operation: operation, tenant: "default", type: type,
            resourceID: resourceID, revision: revision, jobID: uuid(jobID), client: client, requestID: requestID,
            acceptedAt: time("2026-11-21T09:15:30.123456Z"), recordedAt: time("2026-11-21T09:15:32Z"),
            firstAttemptAt: time("2026-11-21T09:15:31Z"), attempts: attempts, oldState: old, newState: new,
            oldMembers: text(oldMembers), newMembers: text(newMembers), membersDelta: text(membersDelta),
            udmDN: udmDN, error: text(error), sendAttempts: 0)
    }

    static func group(
        _ operation: JobOperation = .modify, old: JSONValue?, new: JSONValue?, delta: JSONValue? = nil,
        attributes: JSONValue = ["displayName": "crew"]
    ) -> OutboxEvent {
        make(
            type: .group, revision: 4, operation: operation, old: operation == .create ? nil : state(attributes),
            new: operation == .delete ? nil : state(attributes), oldMembers: old, newMembers: new, membersDelta: delta)
    }

    static func member(_ number: Int) -> JSONValue {
        ["value": .string(memberID(number)), "type": "User", "display": .string("Member \(number)")]
    }

    static func memberID(_ number: Int) -> String {
        LowercaseUUID(high: 0x77AA_0000_0000_4000, low: 0x8000_0000_0000_0000 + UInt64(number)).description
    }

    static func configuration(url: String = "http://127.0.0.1:1", publisherName: String = "udm-listener")
        -> EventSenderConfiguration
    {
        EventSenderConfiguration(
            provisioning: provisioning(url: url, publisherName: publisherName),
            publicURL: "https://scim.example.org/scim/v2")
    }

    static let webhookSecretText = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
    static let webhookSecret = WebhookSecret(webhookSecretText)

    static func provisioning(url: String = "http://127.0.0.1:1", publisherName: String = "udm-listener")
        -> ProvisioningConfiguration
    {
        ProvisioningConfiguration(url: url, username: "udm", password: "udmpass", publisherName: publisherName)
    }

    /// The message of an event, parsed.
    static func message(_ event: OutboxEvent, _ configuration: EventSenderConfiguration = configuration()) throws
        -> JSONValue
    {
        try JSONValue(
            parsing: try EventBuilder(configuration).message(of: event).json,
            limits: JSONLimits(maximumBytes: 8 << 20, maximumDepth: 64))
    }
}
