// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// A pair that a subscription wants, matched exactly.
struct RealmTopic: Sendable, Hashable {
    var realm: String
    var topic: String

    var json: JSONValue { ["realm": .string(realm), "topic": .string(topic)] }
}

/// The body of `POST /v1/subscriptions` after validation.
struct SubscriptionDraft: Sendable, Equatable {
    var name: String
    var realmsTopics: [RealmTopic]
    var requestPrefill: Bool
    var password: String

    struct Refusal: Error {
        let problems: [ValidationProblem]
    }

    init(_ body: JSONValue) throws(Refusal) {
        guard case .object(let members) = body else {
            throw Refusal(problems: [.notAnObject([.name("body")], .value(body))])
        }
        var problems: [ValidationProblem] = []
        let location: [ValidationProblem.Step] = [.name("body")]
        name = Self.text("name", of: members, location, &problems) ?? ""
        realmsTopics = Self.pairs(of: members, location, &problems)
        requestPrefill = false
        if let value = members["request_prefill"] {
            switch Self.bool(value) {
            case .bool(let bool): requestPrefill = bool
            case .problem(let kind, let message):
                problems.append(
                    ValidationProblem(
                        kind: kind, location: location + [.name("request_prefill")], message: message,
                        input: .value(value)))
            }
        } else {
            problems.append(.missing(location + [.name("request_prefill")], in: body))
        }
        password = Self.text("password", of: members, location, &problems) ?? ""
        if !problems.isEmpty { throw Refusal(problems: problems) }
    }

    /// Without the password.
    var json: JSONValue {
        [
            "name": .string(name), "realms_topics": .array(realmsTopics.map(\.json)),
            "request_prefill": .bool(requestPrefill),
        ]
    }

    private static func text(
        _ name: String, of members: JSONObject, _ location: [ValidationProblem.Step],
        _ problems: inout [ValidationProblem]
    ) -> String? {
        guard let value = members[name] else {
            problems.append(.missing(location + [.name(name)], in: .object(members)))
            return nil
        }
        if case .string(let text) = value { return text }
        problems.append(.type("string", "string", location + [.name(name)], value))
        return nil
    }

    private static func pairs(
        of members: JSONObject, _ location: [ValidationProblem.Step], _ problems: inout [ValidationProblem]
    ) -> [RealmTopic] {
        let location = location + [.name("realms_topics")]
        guard let value = members["realms_topics"] else {
            problems.append(.missing(location, in: .object(members)))
            return []
        }
        guard case .array(let elements) = value else {
            problems.append(.type("list", "list", location, value))
            return []
        }
        var pairs: [RealmTopic] = []
        for (index, element) in elements.enumerated() {
            let location = location + [.index(index)]
            guard case .object(let pair) = element else {
                problems.append(.notAnObject(location, .value(element)))
                continue
            }
            let realm = text("realm", of: pair, location, &problems)
            let topic = text("topic", of: pair, location, &problems)
            if let realm, let topic { pairs.append(RealmTopic(realm: realm, topic: topic)) }
        }
        return pairs
    }

    enum BoolReading: Equatable {
        case bool(Bool)
        case problem(kind: String, message: String)
    }

    /// What pydantic takes for a truth value: also 0, 1 and words.
    static func bool(_ value: JSONValue) -> BoolReading {
        let unreadable = BoolReading.problem(
            kind: "bool_parsing", message: "Input should be a valid boolean, unable to interpret input")
        switch value {
        case .bool(let bool): return .bool(bool)
        case .number(let number):
            return number.double == 0 ? .bool(false) : number.double == 1 ? .bool(true) : unreadable
        case .string(let text):
            switch text.lowercased() {
            case "1", "true", "t", "yes", "y", "on": return .bool(true)
            case "0", "false", "f", "no", "n", "off": return .bool(false)
            default: return unreadable
            }
        default: return .problem(kind: "bool_type", message: "Input should be a valid boolean")
        }
    }
}
