// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import SCIM

/// What a list or search asks for, from a query string (RFC 7644 section 3.4.2) or from the message of a query by POST (section 3.4.3).
struct ListRequest: Sendable, Equatable {
    enum Start: Sendable, Equatable {
        /// Counted from 1.
        case index(Int)
        /// Empty for the first page (RFC 9865).
        case cursor(String)
    }

    let filter: String?
    let sortBy: String?
    let isDescending: Bool
    let start: Start
    /// Whether the client has said nothing about where to begin, so that it may go on by cursor: one that is left out asks for the first page as an
    /// empty one does (RFC 9865 section 2).
    let offersCursor: Bool
    let count: Int
    let attributes: [String]
    let excludedAttributes: [String]

    init(_ query: QueryParameters, limits: RequestLimits) throws(SCIMError) {
        // An empty parameter is one that a client left out, but for a cursor.
        func given(_ name: String) -> String? { query[name].flatMap { $0.isEmpty ? nil : $0 } }
        try self.init(
            filter: given("filter"), sortBy: given("sortBy"), sortOrder: given("sortOrder"), cursor: query["cursor"],
            startIndex: try Self.integer("startIndex", given("startIndex")),
            count: try Self.integer("count", given("count"), hasCursor: query["cursor"] != nil),
            attributes: query.values(of: "attributes"), excludedAttributes: query.values(of: "excludedAttributes"),
            limits: limits)
    }

    /// - Throws: 400 `invalidSyntax` for what is no search request.
    init(_ body: JSONValue, limits: RequestLimits) throws(SCIMError) {
        guard let body = body.objectValue else { throw .invalidSyntax("The body must be a JSON object") }
        let schemas = body.member("schemas")?.arrayValue ?? []
        guard schemas.contains(where: { $0.stringValue?.equalsIgnoringASCIICase(SchemaURN.searchRequest) ?? false })
        else { throw .invalidSyntax("schemas must contain \(SchemaURN.searchRequest)") }
        try self.init(
            filter: try Self.text("filter", in: body), sortBy: try Self.text("sortBy", in: body),
            sortOrder: try Self.text("sortOrder", in: body), cursor: try Self.text("cursor", in: body),
            startIndex: try Self.integer("startIndex", in: body), count: try Self.integer("count", in: body),
            attributes: try Self.list("attributes", in: body),
            excludedAttributes: try Self.list("excludedAttributes", in: body), limits: limits)
    }

    /// A `startIndex` below 1 is 1, a negative `count` is 0, and one beyond the limit is the limit.
    private init(
        filter: String?, sortBy: String?, sortOrder: String?, cursor: String?, startIndex: Int?, count: Int?,
        attributes: [String], excludedAttributes: [String], limits: RequestLimits
    ) throws(SCIMError) {
        self.filter = filter
        self.sortBy = sortBy.flatMap { $0.isEmpty ? nil : $0 }
        isDescending = try Self.isDescending(sortOrder)
        start = cursor.map { .cursor($0) } ?? .index(max(1, startIndex ?? 1))
        offersCursor = cursor == nil && startIndex == nil
        self.count = min(max(0, count ?? limits.defaultPageSize), limits.maximumPageSize)
        self.attributes = attributes
        self.excludedAttributes = excludedAttributes
    }

    private static func isDescending(_ sortOrder: String?) throws(SCIMError) -> Bool {
        guard let sortOrder, !sortOrder.isEmpty else { return false }
        if sortOrder.equalsIgnoringASCIICase("ascending") { return false }
        guard sortOrder.equalsIgnoringASCIICase("descending") else {
            throw .invalidValue(attribute: "sortOrder", reason: "must be ascending or descending")
        }
        return true
    }

    // MARK: Parts of a query string

    private static func integer(
        _ name: String, _ text: String?, hasCursor: Bool = false
    ) throws(SCIMError) -> Int? {
        guard let text else { return nil }
        let digits = text.utf8.first == UInt8(ascii: "-") ? text.utf8.dropFirst() : text.utf8[...]
        guard !digits.isEmpty, digits.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }) else {
            let reason = "must be a whole number, not \"\(text.prefix(40))\""
            // RFC 9865 has a keyword of its own.
            throw hasCursor ? .invalidCount("\(name) \(reason)") : .invalidValue(attribute: name, reason: reason)
        }
        // Far beyond any list either way; PostgreSQL's offset is a signed 64-bit number.
        return bounded(Int64(text)) ?? (text.hasPrefix("-") ? -1 : Int(Int32.max))
    }

    private static func bounded(_ number: Int64?) -> Int? {
        number.map { Int(min(max($0, -1), Int64(Int32.max))) }
    }

    // MARK: Parts of a message

    private static func text(_ name: String, in body: JSONObject) throws(SCIMError) -> String? {
        guard let value = body.member(name), !value.isNull else { return nil }
        guard let text = value.stringValue else { throw .invalidValue(attribute: name, reason: "must be a string") }
        return text
    }

    private static func integer(_ name: String, in body: JSONObject) throws(SCIMError) -> Int? {
        guard let value = body.member(name), !value.isNull else { return nil }
        // SCIM-SDK searches with the texts that it would have put into an address.
        if let text = value.stringValue { return try integer(name, text) }
        guard let number = bounded(value.integerValue ?? whole(value.numberValue)) else {
            throw .invalidValue(attribute: name, reason: "must be a whole number")
        }
        return number
    }

    /// Languages with one type of number write 1 as `1.0`.
    private static func whole(_ number: JSONNumber?) -> Int64? {
        number.flatMap { Int64(exactly: $0.double) }
    }

    /// One string stands for a list of one, or of several with commas, as in a query string.
    private static func list(_ name: String, in body: JSONObject) throws(SCIMError) -> [String] {
        guard let value = body.member(name), !value.isNull else { return [] }
        if let text = value.stringValue { return [text] }
        guard let elements = value.arrayValue else {
            throw .invalidValue(attribute: name, reason: "must be an array of strings")
        }
        var list: [String] = []
        for element in elements {
            guard let text = element.stringValue else {
                throw .invalidValue(attribute: name, reason: "must be an array of strings")
            }
            list.append(text)
        }
        return list
    }
}
