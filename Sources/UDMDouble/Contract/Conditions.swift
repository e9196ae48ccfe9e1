// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// The conditional headers of a request (udm-rest-api.md section 6.5).
struct Conditions: Sendable {
    var ifMatch: String?
    var ifNoneMatch: String?
    var ifModifiedSince: String?
    var ifUnmodifiedSince: String?
    var hasRange = false

    enum Verdict {
        case proceed
        /// 304
        case notModified
    }

    /// - Parameter lastModified: seconds since the Unix epoch; nil while the server keeps it back.
    func check(etag: String, lastModified: Int64?, isRead: Bool) throws(Refusal) -> Verdict {
        if let tags = try tags(ifNoneMatch, "If-None-Match"), matches(etag, tags) {
            if isRead { return .notModified }
            throw .preconditionFailed(changed("If-None-Match", tags, etag))
        }
        if let tags = try tags(ifMatch, "If-Match"), !matches(etag, tags) {
            if !isRead { throw .preconditionFailed(changed("If-Match", tags, etag)) }
            if hasRange { throw .rangeNotSatisfiable(changed("If-Match", tags, etag)) }
        }
        if let lastModified {
            if isRead, let since = ifModifiedSince.flatMap(HTTPDate.seconds), since >= lastModified {
                return .notModified
            }
            if let since = ifUnmodifiedSince.flatMap(HTTPDate.seconds), lastModified > since {
                throw .preconditionFailed("If-Unmodified-Since does not match Last-Modified.")
            }
        }
        return .proceed
    }

    private func changed(_ header: String, _ tags: [String], _ etag: String) -> String {
        "The resource has meanwhile been changed. \(header) \(tags.joined(separator: ", ")) does not match entity tag "
            + "\(etag)."
    }

    private func matches(_ etag: String, _ tags: [String]) -> Bool {
        tags.contains { $0 == "*" || Self.strong($0) == etag }
    }

    private static func strong(_ tag: String) -> String { tag.hasPrefix("W/") ? String(tag.dropFirst(2)) : tag }

    /// The tags anywhere in a header, which is how leniently the server reads it; nil for no header.
    private func tags(_ value: String?, _ header: String) throws(Refusal) -> [String]? {
        guard let value, !value.isEmpty else { return nil }
        var tags: [String] = []
        var rest = value[...]
        while let next = rest.first {
            if next == "*" {
                tags.append("*")
                rest = rest.dropFirst()
            } else if next == "\"" || rest.hasPrefix("W/\""), let open = rest.firstIndex(of: "\""),
                let close = rest[rest.index(after: open)...].firstIndex(of: "\"")
            {
                tags.append(String(rest[rest.startIndex...close]))
                rest = rest[rest.index(after: close)...]
            } else {
                rest = rest.dropFirst()
            }
        }
        guard !tags.isEmpty else { throw .badRequest("Invalid \"\(header)\" syntax.") }
        return tags
    }
}
