// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// Counts the values of multi-valued attributes that a PATCH looks at: a thousand operations on lists of two hundred
/// are fine, but no request may keep a processor busy for long.
struct PatchEffort {
    /// About a third of a second.
    private static let maximumVisits = 250_000

    private var visits = 0

    mutating func visit(_ count: Int) throws(SCIMError) {
        visits += count
        guard visits <= Self.maximumVisits else {
            throw .tooLarge("The operations go through too many values; send fewer at a time")
        }
    }
}
