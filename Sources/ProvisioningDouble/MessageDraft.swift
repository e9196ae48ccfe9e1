// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// A published message after validation, without the members that the service drops.
struct MessageDraft: Sendable {
    /// What the double reads at all; the service itself has no limit but the message queue's.
    static let limits = JSONLimits(maximumBytes: 16 << 20, maximumDepth: 200)

    var publisherName: String
    /// As it comes back, see ``MessageTime``.
    var time: String
    var realm: String
    var topic: String
    var old: JSONObject
    var new: JSONObject

    enum Refusal: Error, Equatable {
        /// 422
        case invalid([ValidationProblem])
        /// 500: no object type, or nothing on both sides. Comes before every complaint about other members.
        case crash
    }

    /// Validates the body of `POST /v1/messages` as the model of the real service does.
    init(_ body: JSONValue, publishers: [String]) throws(Refusal) {
        guard case .object(let members) = body else { throw .invalid([.notAnObject([.name("body")], .value(body))]) }
        var problems: [ValidationProblem] = []

        func member(_ name: String) -> JSONValue? {
            if let value = members[name] { return value }
            problems.append(.missing([.name("body"), .name(name)], in: body))
            return nil
        }
        func text(_ name: String) -> String {
            guard let value = member(name) else { return "" }
            if case .string(let text) = value { return text }
            problems.append(.type("string", "string", [.name("body"), .name(name)], value))
            return ""
        }

        publisherName = ""
        if let value = member("publisher_name") {
            if case .string(let name) = value, publishers.contains(name) {
                publisherName = name
            } else {
                problems.append(.notOne(of: publishers, [.name("body"), .name("publisher_name")], value))
            }
        }
        time = ""
        if let value = member("ts") {
            do { time = try MessageTime.normalised(value) } catch { problems.append(Self.problem(error, value)) }
        }
        realm = text("realm")
        topic = text("topic")
        (old, new) = ([:], [:])
        if let value = member("body") {
            let location: [ValidationProblem.Step] = [.name("body"), .name("body")]
            if case .object(let sides) = value {
                let found = Self.sides(sides, location, &problems)
                if let found {
                    // These checks of the model raise an error that is no validation error, whatever else is wrong.
                    guard Self.hasObjectType(found.old, found.new) else { throw .crash }
                    (old, new) = found
                }
            } else {
                problems.append(.notAnObject(location, .value(value)))
            }
        }
        if !problems.isEmpty { throw .invalid(problems) }
    }

    /// The message as a subscriber sees it: one JSON object without its closing brace's delivery members.
    var json: JSONValue {
        [
            "publisher_name": .string(publisherName), "ts": .string(time), "realm": .string(realm),
            "topic": .string(topic), "body": ["old": .object(old), "new": .object(new)],
        ]
    }

    private static func sides(
        _ members: JSONObject, _ location: [ValidationProblem.Step], _ problems: inout [ValidationProblem]
    ) -> (old: JSONObject, new: JSONObject)? {
        var found: [JSONObject] = []
        for name in ["old", "new"] {
            guard let value = members[name] else {
                problems.append(.missing(location + [.name(name)], in: .object(members)))
                continue
            }
            if case .object(let side) = value {
                found.append(side)
            } else {
                problems.append(.type("dict", "dictionary", location + [.name(name)], value))
            }
        }
        return found.count == 2 ? (found[0], found[1]) : nil
    }

    private static func hasObjectType(_ old: JSONObject, _ new: JSONObject) -> Bool {
        if old.isEmpty && new.isEmpty { return false }
        let isLDAP = old["univentionObjectType"] != nil || new["univentionObjectType"] != nil
        let key = isLDAP ? "univentionObjectType" : "objectType"
        return isTruthy(new[key]) || isTruthy(old[key])
    }

    /// Python's `bool()`.
    private static func isTruthy(_ value: JSONValue?) -> Bool {
        switch value {
        case nil, .null: false
        case .bool(let bool): bool
        case .number(let number): number.double != 0
        case .string(let text): !text.isEmpty
        case .array(let elements): !elements.isEmpty
        case .object(let members): !members.isEmpty
        }
    }

    private static func problem(_ problem: MessageTime.Problem, _ value: JSONValue) -> ValidationProblem {
        let location: [ValidationProblem.Step] = [.name("body"), .name("ts")]
        return switch problem {
        case .notATime: .type("datetime", "datetime", location, value)
        case .invalid(let reason):
            ValidationProblem(
                kind: "datetime_parsing", location: location, message: "Input should be a valid datetime, \(reason)",
                input: .value(value), context: ("error", reason))
        case .invalidDate(let reason):
            ValidationProblem(
                kind: "datetime_from_date_parsing", location: location,
                message: "Input should be a valid datetime or date, \(reason)", input: .value(value),
                context: ("error", reason))
        }
    }
}
