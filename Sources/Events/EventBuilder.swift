// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import SCIM
package import Storage

/// Makes the message of an event from its outbox row (event contract E-1 to E-11).
package struct EventBuilder: Sendable {
    /// The private extension that carries an event's metadata in each of its sides.
    static let metadataKey = "urn:univention:scim:event:1.0"

    private let publisherName: String
    private let locations: [ResourceType: String]
    private let maximumBytes: Int

    package init(_ configuration: EventSenderConfiguration) {
        publisherName = configuration.publisherName
        maximumBytes = configuration.maximumEventBytes
        var base = configuration.publicURL
        while base?.hasSuffix("/") == true { base?.removeLast() }
        let prefix = base
        locations =
            prefix.map { prefix in
                Dictionary(uniqueKeysWithValues: ResourceType.allCases.map { ($0, "\(prefix)\($0.endpoint)/") })
            } ?? [:]
    }

    /// The event as all sinks get it, as complete as its size allows.
    ///
    /// - Parameter limit: Of its size in bytes as ``EventSize`` counts them, where a sink takes less than the configuration says.
    /// - Throws: ``EventProblem`` if the event must not be sent.
    package func message(of event: OutboxEvent, upTo limit: Int = .max) throws(EventProblem) -> EventMessage {
        let maximumBytes = min(maximumBytes, limit)
        var size = 0
        switch event.kind {
        case .error:
            let message = try message(event, topic: "scim2udm", time: event.recordedAt, try errorSides(event))
            size = EventSize.queuedBytes(of: message.json)
            if size <= maximumBytes { return message }
        case .change:
            let change = try Change(event)
            let topic = event.type == .user ? "user" : "group"
            for detail in Change.details(of: event.type) {
                var metadata = metadata(of: event)
                let sides = change.sides(detail, maximumBytes: maximumBytes, metadata: &metadata, locations[event.type])
                let message = try message(event, topic: topic, time: event.acceptedAt, sides)
                size = EventSize.queuedBytes(of: message.json)
                if size <= maximumBytes { return message }
            }
        }
        throw .tooLarge(bytes: size, limit: maximumBytes)
    }

    private func message(
        _ event: OutboxEvent, topic: String, time: Timestamp, _ sides: (old: JSONObject, new: JSONObject)
    ) throws(EventProblem) -> EventMessage {
        let realm = event.kind == .error ? "sync-error" : "scim"
        try EventProblem.check(publisherName: publisherName, old: sides.old, new: sides.new)
        let head: JSONObject = [
            "publisher_name": .string(publisherName), "ts": .string(time.iso8601Microseconds), "realm": .string(realm),
            "topic": .string(topic),
        ]
        let body: JSONObject = ["old": .object(sides.old), "new": .object(sides.new)]
        // The body last, so that it can be taken out of the text.
        var json = JSONValue.object(head).serialize()
        json.removeLast()
        json += Array(",\"body\":".utf8)
        let start = json.count
        json += JSONValue.object(body).serialize()
        let end = json.count
        json.append(UInt8(ascii: "}"))
        return EventMessage(
            id: event.id, order: event.order, realm: realm, topic: topic, time: time,
            requestID: LowercaseUUID(event.requestID) ?? event.id, json: json, bodyRange: start..<end)
    }

    private func metadata(of event: OutboxEvent) -> JSONObject {
        var metadata: JSONObject = [
            "eventId": .string(event.id.description),
            "order": .number(JSONNumber(event.order)),
            "operation": .string(event.operation.pastTense),
            "requestId": .string(event.requestID),
            "jobId": .string(event.jobID.description),
            "clientId": .string(event.client),
        ]
        if let dn = event.udmDN { metadata["udmDn"] = .string(dn) }
        return metadata
    }

    // MARK: Sync errors

    private static let longestText = 500
    /// Of UDM's, which may list one for each member of a group.
    private static let mostErrors = 100

    /// The SCIM error of a write that failed for good (contract 6.6); identifies the resource, does not show it.
    private func errorSides(_ event: OutboxEvent) throws(EventProblem) -> (old: JSONObject, new: JSONObject) {
        guard let text = event.error, var error = try Self.parse(text, "error").objectValue else {
            throw .unreadable("error")
        }
        var side: JSONObject = ["objectType": "SyncError", "schemas": [.string(SchemaURN.error)]]
        side["status"] = error.removeValue(forKey: "status") ?? "500"
        if let scimType = error.removeValue(forKey: "scimType"), scimType.stringValue != nil {
            side["scimType"] = scimType
        }
        side["detail"] = .string(Self.cut(error.removeValue(forKey: "detail")?.stringValue ?? "the write failed"))

        var metadata = metadata(of: event)
        metadata["resourceType"] = .string(event.type.rawValue)
        metadata["resourceId"] = .string(event.resourceID.description)
        for state in [event.newState, event.oldState] {
            guard metadata["externalId"] == nil, let state else { continue }
            metadata["externalId"] = try Self.parse(state, "state")["externalId"].flatMap { $0.isNull ? nil : $0 }
        }
        metadata["attempts"] = .number(JSONNumber(Int64(event.attempts)))
        metadata["retryable"] = error.removeValue(forKey: "retryable") ?? false
        if let first = event.firstAttemptAt { metadata["firstAttempt"] = .string(first.iso8601Milliseconds) }
        if let udm = error.removeValue(forKey: "udm"), !udm.isNull { metadata["udm"] = Self.cutMessages(udm) }
        // What else is known, such as the attribute that was refused.
        error.removeValue(forKey: "schemas")
        for (key, value) in error where metadata[key] == nil && !value.isNull { metadata[key] = value }
        side[Self.metadataKey] = .object(metadata)
        return ([:], side)
    }

    /// UDM's messages may quote what a user typed.
    private static func cutMessages(_ udm: JSONValue) -> JSONValue {
        guard var members = udm.objectValue, let errors = members["errors"]?.arrayValue else { return udm }
        members["errors"] = .array(
            errors.prefix(mostErrors).map { error in
                guard var members = error.objectValue, let message = members["message"]?.stringValue else {
                    return error
                }
                members["message"] = .string(cut(message))
                return .object(members)
            })
        return .object(members)
    }

    /// By code points: what looks like one character may be a hundred thousand of them.
    private static func cut(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.prefix(longestText)))
    }

    static func parse(_ text: [UInt8], _ what: String) throws(EventProblem) -> JSONValue {
        do {
            return try JSONValue(parsing: text, limits: JSONLimits(maximumBytes: 64 << 20, maximumDepth: 128))
        } catch {
            throw .unreadable(what)
        }
    }
}

extension JobOperation {
    /// As the metadata says it.
    fileprivate var pastTense: String {
        switch self {
        case .create: "created"
        case .modify: "modified"
        case .delete: "deleted"
        }
    }
}
