// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import SCIM

/// The two UDM modules that SCIM resources live in.
package enum UDMModule: String, CaseIterable, Sendable {
    case user = "users/user"
    case group = "groups/group"

    package init(_ type: ResourceType) {
        switch type {
        case .user: self = .user
        case .group: self = .group
        }
    }

    package var resourceType: ResourceType {
        switch self {
        case .user: .user
        case .group: .group
        }
    }

    /// The property that names the object and makes its RDN; changing it renames the object.
    package var nameProperty: String {
        switch self {
        case .user: "username"
        case .group: "name"
        }
    }

    /// The attribute type of the RDN.
    package var rdnType: String {
        switch self {
        case .user: "uid"
        case .group: "cn"
        }
    }
}
