// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import SCIM

/// References to resources that other operations of the same request create: `bulkId:qwerty` in place of an id (RFC 7644 section 3.7.2).
enum BulkReferences {
    private static let prefix = "bulkId:"

    /// The bulkIds that a value refers to anywhere in it.
    static func names(in value: JSONValue) -> Set<String> {
        var names: Set<String> = []
        collect(value, into: &names)
        return names
    }

    /// The value with the ids of `ids` in place of its references. Others stay as they are.
    static func resolve(_ value: JSONValue, _ ids: [String: ResourceID]) -> JSONValue {
        switch value {
        case .string(let text): return .string(resolve(text, ids))
        case .array(let elements): return .array(elements.map { resolve($0, ids) })
        case .object(let object):
            var resolved = JSONObject()
            resolved.reserveCapacity(object.count)
            for (key, value) in object { resolved.append(uniqueKey: key, resolve(value, ids)) }
            return .object(resolved)
        case .null, .bool, .number: return value
        }
    }

    /// Within a text, such as `members[value eq "bulkId:qwerty"]`, a reference ends before a quotation mark or slash.
    private static func resolve(_ text: String, _ ids: [String: ResourceID]) -> String {
        guard let (range, name) = reference(in: text), let id = ids[name] else { return text }
        return text[..<range.lowerBound] + id.description + text[range.upperBound...]
    }

    // The parser bounds the depth.
    private static func collect(_ value: JSONValue, into names: inout Set<String>) {
        switch value {
        case .string(let text): if let (_, name) = reference(in: text) { names.insert(name) }
        case .array(let elements): for element in elements { collect(element, into: &names) }
        case .object(let object): for (_, value) in object { collect(value, into: &names) }
        case .null, .bool, .number: break
        }
    }

    private static func reference(in text: String) -> (Range<String.Index>, String)? {
        let bytes = text.utf8
        // Nearly every text begins otherwise and holds no colon.
        guard bytes.count > prefix.utf8.count, bytes.contains(UInt8(ascii: ":")),
            let start = text.firstRange(of: prefix)
        else { return nil }
        let rest = text[start.upperBound...]
        let end = rest.firstIndex { $0 == "\"" || $0 == "/" } ?? rest.endIndex
        guard end > rest.startIndex else { return nil }
        return (start.lowerBound..<end, String(rest[..<end]))
    }
}
