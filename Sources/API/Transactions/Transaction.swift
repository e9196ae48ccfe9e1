// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import SCIM

/// The address of a transaction, or of one operation of it: `<uuid>` or `<uuid>:<number>` (RFC 9967: the `txn` of a bulk operation).
struct Transaction: Hashable, Sendable, CustomStringConvertible {
    let id: LowercaseUUID
    /// From 0 in the order of the request; nil for all of them.
    let number: Int?

    init(id: LowercaseUUID, number: Int? = nil) {
        self.id = id
        self.number = number
    }

    /// Reads a path segment.
    init?(_ segment: Substring) {
        guard let text = percentDecoded(segment.utf8, plusIsSpace: false) else { return nil }
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let id = LowercaseUUID(parts[0]) else { return nil }
        guard parts.count == 2 else {
            self.init(id: id)
            return
        }
        guard parts[1].utf8.count <= 6, let number = Int(parts[1]), number >= 0, String(number) == parts[1] else {
            return nil
        }
        self.init(id: id, number: number)
    }

    var description: String { number.map { "\(id):\($0)" } ?? id.description }
}
