// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import SCIM

/// Query parameters, request headers and parts of paths; each is a component of this name.
enum OpenAPIParameter: String, CaseIterable, Sendable {
    case id, urn, name, transaction
    case filter, sortBy, sortOrder, startIndex, count, cursor, attributes, excludedAttributes
    case ifMatch, ifNoneMatch, prefer

    static let list: [OpenAPIParameter] = [.filter, .sortBy, .sortOrder, .startIndex, .count, .cursor]
    static let projection: [OpenAPIParameter] = [.attributes, .excludedAttributes]
    static let condition: [OpenAPIParameter] = [.ifMatch, .ifNoneMatch]

    private enum Place: String {
        case path, query, header
    }

    func json(_ limits: RequestLimits) -> JSONValue {
        let (place, name) = place
        var json: JSONObject = [
            "name": .string(name), "in": .string(place.rawValue), "description": .string(summary(limits)),
            "schema": schema,
        ]
        if place == .path { json["required"] = true }
        if self == .attributes || self == .excludedAttributes {
            json["style"] = "form"
            json["explode"] = false
        }
        if !examples.isEmpty {
            json["examples"] = .object(JSONObject(uniqueMembers: examples.map { ($0.name, ["value": $0.value]) }))
        }
        return .object(json)
    }

    private var place: (Place, name: String) {
        switch self {
        case .id, .urn, .name, .transaction: (.path, rawValue)
        case .filter, .sortBy, .sortOrder, .startIndex, .count, .cursor, .attributes, .excludedAttributes:
            (.query, rawValue)
        case .ifMatch: (.header, "If-Match")
        case .ifNoneMatch: (.header, "If-None-Match")
        case .prefer: (.header, "Prefer")
        }
    }

    private var schema: JSONValue {
        switch self {
        case .id: ["type": "string", "format": "uuid"]
        case .startIndex, .count: ["type": "integer"]
        case .sortOrder: ["type": "string", "enum": ["ascending", "descending"]]
        case .attributes, .excludedAttributes: ["type": "array", "items": ["type": "string"]]
        case .urn, .name, .transaction, .filter, .sortBy, .cursor, .ifMatch, .ifNoneMatch, .prefer:
            ["type": "string"]
        }
    }

    private func summary(_ limits: RequestLimits) -> String {
        switch self {
        case .id: "The id of the resource, in any case."
        case .urn: "The URN of the schema, in any case."
        case .name: "The name of the resource type."
        case .transaction: "The value of `Set-Txn`; with `:` and a number, one operation of a bulk request, from 0."
        case .filter: "A filter of RFC 7644 section 3.4.2.2: every operator, value paths, attributes of extensions."
        case .sortBy: "The attribute to sort by."
        case .sortOrder: "Ascending unless set."
        case .startIndex: "Where the page begins, from 1; less is 1."
        case .count:
            "Resources in the page: \(limits.defaultPageSize) unless set, at most \(limits.maximumPageSize); more is "
                + "lowered to that, less than 0 is 0."
        case .cursor:
            "Pages by cursor (RFC 9865): empty, or left out together with `startIndex`, for the first one, then "
                + "`nextCursor` of the one before, with the same parameters."
        case .attributes: "The attributes to answer with, besides those that always are (RFC 7644 section 3.9)."
        case .excludedAttributes: "Attributes to leave out; taken away from `attributes` if both are given."
        case .ifMatch: "The entity tags that the resource must have one of: 412 otherwise."
        case .ifNoneMatch: "Entity tags that the resource must have none of: 304 for a read otherwise, 412 for a write."
        case .prefer:
            "`respond-async` for 202 and the end later (RFC 9967); with `wait=10` only if it takes longer than 10 "
                + "seconds. Other preferences are passed over."
        }
    }

    private var examples: [(name: String, value: JSONValue)] {
        switch self {
        case .urn: [("user", .string(SchemaURN.user))]
        case .name: [("user", "User"), ("group", "Group")]
        case .filter:
            [
                ("byTime", "meta.lastModified gt \"2026-01-01T00:00:00Z\""),
                ("bySyncStatus", .string("\(SchemaURN.sync):status eq \"failed\"")),
            ]
        case .sortBy: [("modified", "meta.lastModified")]
        case .startIndex: [("first", 1)]
        case .count: [("ten", 10)]
        case .cursor: [("first", "")]
        case .attributes: [("namesAndStatus", ["displayName", .string(SchemaURN.sync)])]
        case .excludedAttributes: [("members", ["members"])]
        case .prefer: [("asynchronous", "respond-async"), ("atMostOneSecond", "respond-async, wait=1")]
        case .ifMatch, .ifNoneMatch: [("first", "W/\"1\"")]
        case .id, .transaction, .sortOrder: []
        }
    }
}

/// Headers of answers; each is a component.
enum OpenAPIHeader: String, CaseIterable, Sendable {
    case requestID = "X-Request-ID"
    case location = "Location"
    case entityTag = "ETag"
    case retryAfter = "Retry-After"
    case challenge = "WWW-Authenticate"
    case possibleChallenge
    case transaction = "Set-Txn"
    case preferenceApplied = "Preference-Applied"

    var component: String { self == .possibleChallenge ? rawValue : rawValue.filter { $0 != "-" } }

    /// `challenge` and `possibleChallenge` are one header, which one answer has always and the other sometimes.
    private var name: String { self == .possibleChallenge ? OpenAPIHeader.challenge.rawValue : rawValue }

    var json: JSONValue {
        let type: JSONValue = self == .retryAfter ? ["type": "integer", "minimum": 1] : ["type": "string"]
        return [
            "description": .string(summary), "schema": type, "required": .bool(self != .possibleChallenge),
        ]
    }

    /// The headers of an answer, as references.
    static func json(_ headers: [OpenAPIHeader]) -> JSONValue {
        .object(JSONObject(uniqueMembers: headers.map { ($0.name, openAPIReference("headers", $0.component)) }))
    }

    private var summary: String {
        switch self {
        case .requestID: "The id of the request in logs and events: the client's own, or a new one."
        case .location: "The address of the resource, or of the transaction."
        case .entityTag: "The revision of the resource, such as W/\"3\"."
        case .retryAfter: "Seconds after which to come again."
        case .challenge: "How to authenticate (RFC 6750 section 3)."
        case .possibleChallenge: "The scope that the token lacks (RFC 6750 section 3)."
        case .transaction: "The id of the transaction."
        case .preferenceApplied: "respond-async"
        }
    }
}
