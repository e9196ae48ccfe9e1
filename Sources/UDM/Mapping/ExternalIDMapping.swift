// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import SCIM

/// Where the `externalId` of one client goes. Every client has values of its own, and UDM has room for one
/// (`scim-udm-mapping` section 4.1).
package struct ExternalIDMapping: Hashable, Sendable {
    /// The client whose values are pushed.
    package var client: String
    /// For users and for groups; a type without a property keeps its values to itself.
    package var properties: [ResourceType: String]

    package init(client: String, properties: [ResourceType: String]) {
        self.client = client
        self.properties = properties
    }
}
