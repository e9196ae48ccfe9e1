// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// What the accepted messages say about their publisher: duplicates, order and counts.
package struct DeliveryCheck: Sendable, Equatable {
    /// An event that came more than once.
    package struct Duplicate: Sendable, Equatable {
        package let eventID: String
        /// Of every message with this event, the first one included.
        package let sequences: [Int]
    }

    /// An event that came after a later one of the same resource, realm and topic.
    package struct Disorder: Sendable, Equatable {
        package let realm: String
        package let topic: String
        package let resourceID: String
        package let order: Int64
        /// The highest order that had come before.
        package let previousOrder: Int64
        package let sequence: Int
    }

    /// What messages are counted by.
    package struct Kind: Sendable, Hashable, Comparable {
        package let realm: String
        package let topic: String
        /// Empty for a message without event metadata.
        package let operation: String

        package static func < (one: Kind, other: Kind) -> Bool {
            (one.realm, one.topic, one.operation) < (other.realm, other.topic, other.operation)
        }
    }

    private struct Place: Hashable {
        let realm: String
        let topic: String
        let resourceID: String
    }

    package private(set) var messages = 0
    /// Different event ids.
    package private(set) var events = 0
    package private(set) var withoutMetadata = 0
    package private(set) var duplicates: [Duplicate] = []
    package private(set) var disorders: [Disorder] = []
    /// Messages of every kind, duplicates included.
    package private(set) var counts: [Kind: Int] = [:]

    /// True if no event of a resource was overtaken. A repeated event does not count: consumers ignore it.
    package var isOrdered: Bool { disorders.isEmpty }

    package init(_ messages: some Sequence<AcceptedMessage>) {
        var sequences: [String: [Int]] = [:]
        var repeated: [String] = []
        var highest: [Place: Int64] = [:]
        for message in messages {
            self.messages += 1
            let kind = Kind(realm: message.realm, topic: message.topic, operation: message.event?.operation ?? "")
            counts[kind, default: 0] += 1
            guard let event = message.event else {
                withoutMetadata += 1
                continue
            }
            sequences[event.eventID, default: []].append(message.sequence)
            if let seen = sequences[event.eventID], seen.count > 1 {
                if seen.count == 2 { repeated.append(event.eventID) }
                continue
            }
            guard let order = event.order, let resourceID = event.resourceID else { continue }
            let place = Place(realm: message.realm, topic: message.topic, resourceID: resourceID)
            // One write can end in several sync errors, so their order may stay the same.
            if let previous = highest[place], order < previous || (order == previous && message.realm == "scim") {
                disorders.append(
                    Disorder(
                        realm: message.realm, topic: message.topic, resourceID: resourceID, order: order,
                        previousOrder: previous, sequence: message.sequence))
            }
            highest[place] = max(order, highest[place] ?? order)
        }
        events = sequences.count
        duplicates = repeated.map { Duplicate(eventID: $0, sequences: sequences[$0] ?? []) }
    }

    var json: JSONValue {
        [
            "messages": .number(JSONNumber(Int64(messages))),
            "events": .number(JSONNumber(Int64(events))),
            "withoutMetadata": .number(JSONNumber(Int64(withoutMetadata))),
            "isOrdered": .bool(isOrdered),
            "duplicates": .array(
                duplicates.map { duplicate in
                    [
                        "eventId": .string(duplicate.eventID),
                        "sequences": .array(duplicate.sequences.map { .number(JSONNumber(Int64($0))) }),
                    ]
                }),
            "disorders": .array(
                disorders.map { disorder in
                    [
                        "realm": .string(disorder.realm), "topic": .string(disorder.topic),
                        "resourceId": .string(disorder.resourceID), "order": .number(JSONNumber(disorder.order)),
                        "previousOrder": .number(JSONNumber(disorder.previousOrder)),
                        "sequence": .number(JSONNumber(Int64(disorder.sequence))),
                    ]
                }),
            "counts": .array(
                counts.sorted { $0.key < $1.key }.map { kind, count in
                    [
                        "realm": .string(kind.realm), "topic": .string(kind.topic),
                        "operation": .string(kind.operation), "count": .number(JSONNumber(Int64(count))),
                    ]
                }),
        ]
    }
}
