// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import JSON
package import SCIM

/// How a resource in SCIM and its object in UDM compare now.
package struct VerificationReport: Sendable {
    /// A property of UDM's that is not as SCIM has it.
    package struct Difference: Sendable, Hashable {
        /// Why, as far as it can be told.
        package enum Cause: String, Sendable {
            /// A write is still to be pushed.
            case pending
            /// UDM refused the value, and it is left out.
            case parked
            /// It was pushed, and somebody else changed it since.
            case changedInUDM
            /// It was never pushed as it is, and no write is open: a dead letter, or a mapping that has changed.
            case notPushed
        }

        package let property: String
        /// The SCIM attribute that it carries; nil for one of UDM's own.
        package let attribute: String?
        package let expected: JSONValue
        package let found: JSONValue
        /// As it was pushed last; nil when that is not known.
        package let synced: JSONValue?
        package let cause: Cause
    }

    /// Members of a group.
    package struct Members: Sendable, Hashable {
        /// Wanted, in UDM, and not in UDM's group.
        package var lacking: [ResourceID] = []
        /// Wanted and not in UDM themselves: they come when they are pushed.
        package var notInUDM: [ResourceID] = []
        /// DNs in UDM's group that are no member in SCIM. They may be somebody else's: a repair leaves them.
        package var additional: [String] = []
    }

    /// The comparison in one word.
    package enum Finding: String, Sendable {
        case same, different
        /// SCIM has the resource, UDM no object of it.
        case missingInUDM
        /// UDM has an object of it, SCIM no resource.
        case missingInSCIM
        /// Neither has it.
        case absent
    }

    package let finding: Finding
    /// Nil when SCIM has no such resource.
    package let revision: Int64?
    /// Where UDM has the object now; nil when it has none.
    package let dn: String?
    /// Where it was believed to be.
    package let knownDN: String?
    package let openJobs: Int
    package let differences: [Difference]
    package let members: Members

    /// Nothing is to be done, now or by a write that is open.
    package var isSame: Bool { finding == .same || finding == .absent }
}
