// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// What UDM is known to hold for a resource: after a push, or from the record of the last one.
struct KnownObject: Sendable {
    /// A hint: a rename or move by somebody else makes it stale, and the first 404 tells.
    var dn: String
    /// The mapped UDM properties of the last push that succeeded, the base of the next difference; nil when only UDM knows
    /// them: the object was just found, or the record cannot be read.
    var properties: JSONObject?
}
