// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// One change of the double's state, as it stands on one line of the journal.
enum JournalRecord: Sendable, Equatable {
    /// `isDispatched` is false while the dispatcher has yet to deliver it, `copies` times to every subscriber.
    case message(AcceptedMessage, copies: Int, isDispatched: Bool)
    case dispatched(message: Int)
    case subscription(SubscriptionDraft)
    case subscriptionDeleted(name: String)
    case delivered(name: String, sequence: Int)
    /// Delivered to somebody who will not confirm it.
    case popped(name: String, sequence: Int)
    case acknowledged(name: String, sequence: Int)

    /// The line, with its line feed.
    var line: [UInt8] {
        var line: [UInt8] = []
        switch self {
        case .message(let message, let copies, let isDispatched):
            line.reserveCapacity(message.bytes.count + 160)
            line += #"{"kind":"message","sequence":\#(message.sequence),"arrived":\#(message.arrivedMicroseconds)"#.utf8
            line += #","copies":\#(copies),"dispatched":\#(isDispatched),"requestId":"#.utf8
            JSONValue.string(message.requestID).append(to: &line)
            line += #","message":"#.utf8
            line += message.bytes
            line.append(UInt8(ascii: "}"))
        case .dispatched(let message):
            Self.object("dispatched", ["message": .number(JSONNumber(Int64(message)))], to: &line)
        case .subscription(let draft):
            let members: JSONObject = [
                "name": .string(draft.name), "realms_topics": .array(draft.realmsTopics.map(\.json)),
                "request_prefill": .bool(draft.requestPrefill), "password": .string(draft.password),
            ]
            Self.object("subscription", members, to: &line)
        case .subscriptionDeleted(let name): Self.object("deleted", ["name": .string(name)], to: &line)
        case .delivered(let name, let sequence): Self.object("delivered", Self.place(name, sequence), to: &line)
        case .popped(let name, let sequence): Self.object("popped", Self.place(name, sequence), to: &line)
        case .acknowledged(let name, let sequence): Self.object("acknowledged", Self.place(name, sequence), to: &line)
        }
        line.append(UInt8(ascii: "\n"))
        return line
    }

    /// Reads a line without its line feed; `nil` if it is no record.
    init?(line: UnsafeRawBufferPointer) {
        guard let value = try? JSONValue(parsing: line, limits: Self.limits), let kind = value["kind"]?.stringValue
        else { return nil }
        let name = value["name"]?.stringValue
        let sequence = value["sequence"]?.integerValue.map { Int($0) }
        switch (kind, name, sequence) {
        case ("message", _, let sequence?):
            guard let arrived = value["arrived"]?.integerValue, let copies = value["copies"]?.integerValue,
                let isDispatched = value["dispatched"]?.boolValue, let requestID = value["requestId"]?.stringValue,
                let message = value["message"], let realm = message["realm"]?.stringValue,
                let topic = message["topic"]?.stringValue, let old = message["body"]?["old"]?.objectValue,
                let new = message["body"]?["new"]?.objectValue
            else { return nil }
            let accepted = AcceptedMessage(
                sequence: sequence, arrivedMicroseconds: arrived, requestID: requestID, realm: realm, topic: topic,
                event: EventMetadata(old: old, new: new), bytes: message.serialize())
            self = .message(accepted, copies: Int(copies), isDispatched: isDispatched)
        case ("dispatched", _, _):
            guard let message = value["message"]?.integerValue else { return nil }
            self = .dispatched(message: Int(message))
        case ("subscription", _?, _):
            guard let draft = try? SubscriptionDraft(value) else { return nil }
            self = .subscription(draft)
        case ("deleted", let name?, _): self = .subscriptionDeleted(name: name)
        case ("delivered", let name?, let sequence?): self = .delivered(name: name, sequence: sequence)
        case ("popped", let name?, let sequence?): self = .popped(name: name, sequence: sequence)
        case ("acknowledged", let name?, let sequence?): self = .acknowledged(name: name, sequence: sequence)
        default: return nil
        }
    }

    private static let limits = JSONLimits(maximumBytes: 64 << 20, maximumDepth: 210)

    private static func place(_ name: String, _ sequence: Int) -> JSONObject {
        ["name": .string(name), "sequence": .number(JSONNumber(Int64(sequence)))]
    }

    private static func object(_ kind: String, _ members: JSONObject, to line: inout [UInt8]) {
        var members = members
        members["kind"] = .string(kind)
        JSONValue.object(members).append(to: &line)
    }
}
