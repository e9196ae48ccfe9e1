// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Storage

/// The members that a group in UDM lacks or has too many.
struct MemberDifference: Sendable {
    /// A member with the DN at which UDM is believed to have it.
    struct Placed: Sendable {
        let change: MemberChange
        let dn: String
    }

    private(set) var added: [Placed] = []
    private(set) var removed: [MemberChange] = []
    /// Not in UDM yet: no DN is known.
    private(set) var missing: [MemberChange] = []

    init() {}

    init(_ changes: [MemberChange]) {
        for change in changes {
            if !change.isAddition {
                removed.append(change)
            } else if let dn = change.dn {
                added.append(Placed(change: change, dn: dn))
            } else {
                missing.append(change)
            }
        }
    }

    /// Nothing differs that can be settled now.
    var isEmpty: Bool { added.isEmpty && removed.isEmpty }
}
