// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import SCIM
internal import Storage
internal import UDM

/// The members that a group in UDM lacks or has too many, resolved to DNs.
struct MemberDifference: Sendable {
    /// With a DN, so that UDM can be told.
    private(set) var added: [MemberChange] = []
    private(set) var removed: [MemberChange] = []
    /// Not in UDM yet: no DN is known.
    private(set) var missing: [MemberChange] = []

    init() {}

    init(_ changes: [MemberChange]) {
        for change in changes {
            switch (change.isAddition, change.dn) {
            case (true, .some): added.append(change)
            case (true, .none): missing.append(change)
            // Without a DN UDM never had it, or removed it together with the object.
            case (false, _): removed.append(change)
            }
        }
    }

    var delta: MemberDelta {
        MemberDelta(
            addedUsers: added.filter { $0.memberType == .user }.compactMap(\.dn),
            removedUsers: removed.filter { $0.memberType == .user }.compactMap(\.dn),
            addedGroups: added.filter { $0.memberType == .group }.compactMap(\.dn),
            removedGroups: removed.filter { $0.memberType == .group }.compactMap(\.dn))
    }

    /// Nothing differs, not even what needs no call.
    var isEmpty: Bool { added.isEmpty && removed.isEmpty }
}
