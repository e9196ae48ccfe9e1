// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import SCIM
internal import Storage
internal import UDM

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
    /// Users of whom nobody knows what a call about their groups has done: looked at first.
    private(set) var doubtful: [MemberChange] = []
    /// Another turn has a user for such a call now.
    private(set) var isHindered = false
    /// To be added, and not taken by UDM for how they are named.
    private(set) var unlistable: [MemberChange] = []

    init() {}

    init(_ changes: [MemberChange]) {
        for change in changes {
            if let hold = change.hold {
                if hold == .lent { isHindered = true } else { doubtful.append(change) }
            } else if !change.isAddition {
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

    /// What can be settled now.
    var changes: [MemberChange] { added.map(\.change) + removed }

    /// Not settled, and to be looked at again another time.
    var postponed: [MemberChange] { doubtful + unlistable }

    /// Without the additions that UDM's rule for names in lists refuses.
    func withoutUnlistable() -> MemberDifference {
        var rest = self
        rest.added.removeAll { !DN.isListable($0.dn) }
        rest.unlistable = added.filter { !DN.isListable($0.dn) }.map(\.change)
        return rest
    }

    /// What is left of it when some is settled.
    func without(_ settled: AppliedMembers) -> MemberDifference {
        let gone = Set(settled.added + settled.removed)
        var rest = self
        rest.added.removeAll { gone.contains($0.change.memberID) }
        rest.removed.removeAll { gone.contains($0.memberID) }
        return rest
    }
}
