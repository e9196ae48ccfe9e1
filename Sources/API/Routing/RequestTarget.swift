// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// A request target split at its `?`: the path and the query, both still percent-encoded, the path without needless encoding.
struct RequestTarget: Sendable {
    let path: Substring
    let query: Substring

    init(_ target: String) {
        let bytes = target.utf8
        let pathStart = RequestTarget.startOfPath(target)
        let fragment = bytes[pathStart...].firstIndex(of: UInt8(ascii: "#")) ?? bytes.endIndex
        let pathEnd = bytes[pathStart..<fragment].firstIndex(of: UInt8(ascii: "?")) ?? fragment
        path = Route.normalized(target[pathStart..<pathEnd])
        query = pathEnd == fragment ? "" : target[bytes.index(after: pathEnd)..<fragment]
    }

    /// Past `http://host` of the absolute form, which a server has to accept (RFC 9112 section 3.2.2).
    private static func startOfPath(_ target: String) -> String.Index {
        let bytes = target.utf8
        guard bytes.first != UInt8(ascii: "/"), let scheme = target.firstRange(of: "://") else {
            return bytes.startIndex
        }
        return bytes[scheme.upperBound...].firstIndex(of: UInt8(ascii: "/")) ?? bytes.endIndex
    }

    /// The path below `prefix`, or nil when it does not lie there. `/scim/v2x` is not below `/scim/v2`.
    func path(below prefix: String) -> Substring? {
        guard path.utf8.starts(with: prefix.utf8) else { return nil }
        let rest = path.utf8.dropFirst(prefix.utf8.count)
        guard rest.isEmpty || rest.first == UInt8(ascii: "/") else { return nil }
        return Substring(rest)
    }
}
