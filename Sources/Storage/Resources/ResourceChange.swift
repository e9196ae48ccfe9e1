// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import JSON
package import SCIM

/// The complete new state that a change gives a resource, as ``ResourceStore/update(_:_:ifMatch:context:change:)`` asks for it.
package struct ResourceChange: Sendable {
    /// How the members of a group change; meaningless for a user.
    package enum Members: Sendable {
        case keep
        /// These are the members.
        case replace([ValidatedResource.Member])
        /// What is a member already, or is none, is passed over. Costs the same in a group of any size.
        case change(adding: [ValidatedResource.Member], removing: [ResourceID])
        case steps([MemberChanges.Step])

        var steps: [MemberChanges.Step] {
            switch self {
            case .keep: []
            case .replace(let members): [.replace(with: members)]
            case .change(let adding, let removing): [.change(adding: adding, removing: removing)]
            case .steps(let steps): steps
            }
        }
    }

    package var attributes: JSONObject
    /// Of the writing client.
    package var externalId: String?
    /// A new password, in clear text; nil leaves it as it is.
    package var password: String?
    package var members: Members

    package init(
        attributes: JSONObject, externalId: String?, password: String? = nil, members: Members = .keep
    ) {
        self.attributes = attributes
        self.externalId = externalId
        self.password = password
        self.members = members
    }
}
