// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import SCIM

/// What a path under the SCIM prefix names (RFC 7644 section 3.2, table 2).
///
/// The address space is small and fixed, so it is a `switch` over path segments and not a route table: every method of
/// every path has one answer, and the compiler sees that none is missing.
enum Route: Equatable, Sendable {
    /// The prefix itself: a query over all resource types.
    case root
    case collection(ResourceType)
    /// `/.search`, of all types if nil.
    case search(ResourceType?)
    case bulk
    /// The user that the token belongs to.
    case me
    /// The completion of an asynchronous request (RFC 9967), by its transaction.
    case transaction(Transaction?)
    /// `id` is nil when the segment is no UUID: no resource has such an id.
    case resource(ResourceType, ResourceID?)
    case serviceProviderConfig
    case schemas
    case schema(String)
    case resourceTypes
    case resourceType(String)
    /// This API in OpenAPI.
    case openAPI
    case unknown

    /// Methods that this path answers, in the order of the `Allow` header.
    var allowedMethods: String {
        switch self {
        case .collection: "GET, HEAD, POST"
        case .resource, .me: "GET, HEAD, PUT, PATCH, DELETE"
        case .search, .bulk: "POST"
        case .root, .transaction, .serviceProviderConfig, .schemas, .schema, .resourceTypes, .resourceType, .openAPI:
            "GET, HEAD"
        case .unknown: ""
        }
    }

    /// `path` is what follows the prefix, such as `/Users/2819c223-7f76-453a-919d-413861904646`, still percent-encoded.
    /// A trailing or doubled slash means nothing: clients build addresses from a base with and without one.
    init(path: Substring) {
        var rest = path.utf8[...]
        guard let first = Route.nextSegment(of: &rest) else {
            self = .root
            return
        }
        let second = Route.nextSegment(of: &rest)
        guard Route.nextSegment(of: &rest) == nil else {
            self = .unknown
            return
        }
        self = Route.named(first, second)
    }

    /// A path without the encoding of characters that need none: `%55sers` is the same address as `Users` (RFC 3986 section 6.2.2.2). Everything else
    /// stays as it is: a slash or a line break that was encoded does not become one.
    static func normalized(_ path: Substring) -> Substring {
        let bytes = path.utf8
        guard bytes.contains(UInt8(ascii: "%")) else { return path }
        var normalized: [UInt8] = []
        normalized.reserveCapacity(bytes.count)
        var rest = bytes
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%"), rest.count >= 2,
                let high = hexadecimalValue(rest[rest.startIndex]),
                let low = hexadecimalValue(rest[rest.index(after: rest.startIndex)]), isUnreserved(high << 4 | low)
            else {
                normalized.append(byte)
                continue
            }
            normalized.append(high << 4 | low)
            rest = rest.dropFirst(2)
        }
        return Substring(decoding: normalized, as: UTF8.self)
    }

    /// RFC 3986 section 2.3.
    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            true
        default: false
        }
    }

    private static func named(_ first: Substring, _ second: Substring?) -> Route {
        switch first {
        case "Users": below(.user, second)
        case "Groups": below(.group, second)
        case "ServiceProviderConfig": second == nil ? .serviceProviderConfig : .unknown
        case "Schemas": discovered(second, all: .schemas, one: Route.schema)
        case "ResourceTypes": discovered(second, all: .resourceTypes, one: Route.resourceType)
        case "Bulk": second == nil ? .bulk : .unknown
        case ".search": second == nil ? .search(nil) : .unknown
        case "Me": second == nil ? .me : .unknown
        case "openapi.json": second == nil ? .openAPI : .unknown
        case "Transactions": second.map { .transaction(Transaction($0)) } ?? .unknown
        default: .unknown
        }
    }

    private static func below(_ type: ResourceType, _ id: Substring?) -> Route {
        guard let id else { return .collection(type) }
        if let id = ResourceID(id) { return .resource(type, id) }
        return id == ".search" ? .search(type) : .resource(type, nil)
    }

    private static func discovered(_ name: Substring?, all: Route, one: (String) -> Route) -> Route {
        guard let name else { return all }
        // A URN's colons may arrive percent-encoded.
        return percentDecoded(name.utf8, plusIsSpace: false).map(one) ?? .unknown
    }

    private static func nextSegment(of rest: inout Substring.UTF8View) -> Substring? {
        let slash = UInt8(ascii: "/")
        while rest.first == slash { rest.removeFirst() }
        guard !rest.isEmpty else { return nil }
        let end = rest.firstIndex(of: slash) ?? rest.endIndex
        defer { rest = rest[end...] }
        return Substring(rest[..<end])
    }
}
