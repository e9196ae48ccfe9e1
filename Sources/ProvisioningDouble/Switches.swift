// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// A way in which publishing can go wrong. The raw value is the name on the control endpoint.
package enum Fault: String, Sendable, CaseIterable {
    /// The connection is closed before the message is looked at.
    case dropBeforeAccept = "drop-before-accept"
    /// The message is accepted, the connection closed instead of an answer: a retry is a second message.
    case dropAfterAccept = "drop-after-accept"
    /// Nothing happens for ``Switches/hangLength``, then 500: what a frozen message queue does.
    case hang = "hang"
    /// As ``hang``, but the message was accepted first.
    case hangAfterAccept = "hang-after-accept"
    /// 401, as with a changed password of the events account.
    case unauthorized = "unauthorized"
    /// 422 that names `publisher_name`, whichever name was sent.
    case publisherRefused = "publisher-refused"
    /// 500, as with a message queue that is down.
    case internalError = "internal-error"
    /// ``Switches/unavailableStatus``, as from the proxy in front of a service that is down.
    case unavailable = "unavailable"
    /// The dispatcher delivers the message twice to every subscriber.
    case duplicateDelivery = "duplicate-delivery"
}

/// When a ``Fault`` happens.
package enum FaultTrigger: Sendable, Equatable {
    /// At the next so many requests that reach the place of the fault.
    case next(Int)
    /// At each such request with this probability, from 0 to 1.
    case probability(Double)

    /// Every time, until it is taken away.
    package static let always = FaultTrigger.probability(1)
}

/// What of the service's behaviour can be changed while it runs.
package struct Switches: Sendable, Equatable {
    /// Publisher names the service knows (`PublisherName` of the upstream library); others are 422.
    package static let knownPublishers = [
        "udm-listener", "ldif-producer", "udm-pre-fill", "consumer-registration", "consumer_client_test",
    ]

    package var faults: [Fault: FaultTrigger] = [:]
    /// Waited before a published message is looked at.
    package var latency: Duration = .zero
    /// Waited between the acceptance of a message, or the message before it, and its delivery to the subscriptions.
    package var dispatcherLatency: Duration = .zero
    /// While true, accepted messages wait and no subscription gets any.
    package var dispatcherPaused = false
    /// Publisher names accepted besides ``knownPublishers``, such as `scim-server`.
    package var additionalPublishers: Set<String> = []
    /// The first `next` of a subscription after a start waits for prefill messages only and so answers `null`.
    package var firstCallAnswersNull = false
    package var hangLength: Duration = .seconds(22)
    /// 502, 503 or 504.
    package var unavailableStatus = 503
    /// Sent as `Retry-After` with ``unavailableStatus``, in seconds.
    package var retryAfterSeconds: Int?

    package init() {}

    /// Every publisher name that is accepted, in the order of the service's error text.
    var publishers: [String] { Self.knownPublishers + additionalPublishers.sorted() }
}

/// A value of a switch that cannot be used; the text names the switch and what it takes.
struct SwitchError: Error, Equatable {
    let reason: String
}

extension Switches {
    /// The switches as the control endpoint shows them; lengths of time are in milliseconds.
    var json: JSONValue {
        var faults = JSONObject()
        for (fault, trigger) in self.faults {
            faults[fault.rawValue] =
                switch trigger {
                case .next(let count): ["next": .number(JSONNumber(Int64(count)))]
                case .probability(let probability): ["probability": .number(JSONNumber(probability))]
                }
        }
        return [
            "faults": .object(faults),
            "latencyMilliseconds": Self.json(latency),
            "dispatcherLatencyMilliseconds": Self.json(dispatcherLatency),
            "dispatcherPaused": .bool(dispatcherPaused),
            "publishers": .array(additionalPublishers.sorted().map { .string($0) }),
            "firstCallAnswersNull": .bool(firstCallAnswersNull),
            "hangMilliseconds": Self.json(hangLength),
            "unavailableStatus": .number(JSONNumber(Int64(unavailableStatus))),
            "retryAfterSeconds": retryAfterSeconds.map { .number(JSONNumber(Int64($0))) } ?? .null,
        ]
    }

    /// Applies the members of a change that came over the control endpoint; a fault set to `null` is taken away.
    ///
    /// - Throws: ``SwitchError`` at the first member that does not fit; nothing is changed then.
    mutating func merge(_ change: JSONValue) throws(SwitchError) {
        guard let members = change.objectValue else { throw SwitchError(reason: "a JSON object is expected") }
        var changed = self
        for (name, value) in members { try changed.set(name, to: value) }
        self = changed
    }

    private mutating func set(_ name: String, to value: JSONValue) throws(SwitchError) {
        switch name {
        case "faults": try setFaults(value)
        case "latencyMilliseconds": latency = try Self.milliseconds(value, name)
        case "dispatcherLatencyMilliseconds": dispatcherLatency = try Self.milliseconds(value, name)
        case "dispatcherPaused": dispatcherPaused = try Self.bool(value, name)
        case "publishers":
            let names = (value.arrayValue ?? []).compactMap(\.stringValue)
            guard let array = value.arrayValue, names.count == array.count else {
                throw SwitchError(reason: "\(name) takes an array of strings")
            }
            additionalPublishers = Set(names)
        case "firstCallAnswersNull": firstCallAnswersNull = try Self.bool(value, name)
        case "hangMilliseconds": hangLength = try Self.milliseconds(value, name)
        case "unavailableStatus":
            guard let status = value.integerValue, 502...504 ~= status else {
                throw SwitchError(reason: "\(name) takes 502, 503 or 504")
            }
            unavailableStatus = Int(status)
        case "retryAfterSeconds":
            if value == .null {
                retryAfterSeconds = nil
            } else if let seconds = value.integerValue, 0...86_400 ~= seconds {
                retryAfterSeconds = Int(seconds)
            } else {
                throw SwitchError(reason: "\(name) takes null or whole seconds up to a day")
            }
        default: throw SwitchError(reason: "there is no switch \(name)")
        }
    }

    private mutating func setFaults(_ value: JSONValue) throws(SwitchError) {
        guard let members = value.objectValue else { throw SwitchError(reason: "faults takes an object") }
        for (name, value) in members {
            guard let fault = Fault(rawValue: name) else {
                let names = Fault.allCases.map(\.rawValue).joined(separator: ", ")
                throw SwitchError(reason: "there is no fault \(name); there are \(names)")
            }
            if value == .null {
                faults[fault] = nil
            } else if let count = value["next"]?.integerValue, 0...1_000_000_000 ~= count {
                faults[fault] = .next(Int(count))
            } else if let probability = value["probability"]?.doubleValue, 0...1 ~= probability {
                faults[fault] = .probability(probability)
            } else {
                throw SwitchError(reason: "fault \(name) takes null, {\"next\": count} or {\"probability\": 0…1}")
            }
        }
    }

    private static func json(_ duration: Duration) -> JSONValue {
        let (seconds, attoseconds) = duration.components
        return .number(JSONNumber(seconds * 1000 + attoseconds / 1_000_000_000_000_000))
    }

    private static func milliseconds(_ value: JSONValue, _ name: String) throws(SwitchError) -> Duration {
        guard let milliseconds = value.integerValue, 0...86_400_000 ~= milliseconds else {
            throw SwitchError(reason: "\(name) takes whole milliseconds up to a day")
        }
        return .milliseconds(milliseconds)
    }

    private static func bool(_ value: JSONValue, _ name: String) throws(SwitchError) -> Bool {
        guard let bool = value.boolValue else { throw SwitchError(reason: "\(name) takes true or false") }
        return bool
    }
}
