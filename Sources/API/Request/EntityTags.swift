// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// The entity tags of an `If-Match` or `If-None-Match` header (RFC 9110 section 13.1), as revisions.
///
/// Our tags are weak, `W/"3"`; RFC 7644 section 3.14 uses them in `If-Match` all the same, so both headers compare
/// weakly.
enum EntityTags: Equatable, Sendable {
    /// `*`: whatever the resource's revision is.
    case any
    /// May be empty: tags that are none of ours match no revision.
    case revisions([Int64])

    init?(header: String?) {
        guard let header else { return nil }
        var revisions: [Int64] = []
        // No tag of ours contains a comma, so a foreign tag that does breaks into parts that match nothing.
        for part in header.utf8.split(separator: UInt8(ascii: ",")) {
            var tag = Substring(part).drop { $0 == " " || $0 == "\t" }
            while tag.last == " " || tag.last == "\t" { tag.removeLast() }
            if tag == "*" {
                self = .any
                return
            }
            if tag.hasPrefix("W/") || tag.hasPrefix("w/") { tag = tag.dropFirst(2) }
            if let revision = EntityTags.revision(quoted: tag) { revisions.append(revision) }
        }
        self = .revisions(revisions)
    }

    func matches(_ revision: Int64) -> Bool {
        switch self {
        case .any: true
        case .revisions(let revisions): revisions.contains(revision)
        }
    }

    private static func revision(quoted tag: Substring) -> Int64? {
        guard tag.utf8.count > 2, tag.first == "\"", tag.last == "\"" else { return nil }
        let digits = tag.dropFirst().dropLast()
        // "03" and "+3" are other tags than "3".
        guard let revision = Int64(digits), String(revision) == digits else { return nil }
        return revision
    }
}
