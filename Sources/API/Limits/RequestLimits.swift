// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// Bounds on what one request may cost (DESIGN section 10). Announced in `/ServiceProviderConfig` where the RFC has a
/// place.
package struct RequestLimits: Sendable {
    /// Bytes of a `/Users` body.
    package var userBody = 1 << 20
    /// Bytes of a `/Groups` body: a PUT of a large group carries every member.
    package var groupBody = 16 << 20
    /// Bytes of the body of a PATCH.
    package var patchBody = 1 << 20
    /// Bytes of the body of a query by POST.
    package var searchBody = 64 << 10
    /// Bytes of a `/Bulk` body.
    package var bulkBody = 8 << 20
    /// Operations of a bulk request.
    package var bulkOperations = 1000
    /// Nesting of a JSON body.
    package var depth = 64
    /// Resources in a page when `count` is missing.
    package var defaultPageSize = 100
    /// Resources in a page at most; a larger `count` is lowered to it (RFC 7644 section 3.4.2.4).
    package var maximumPageSize = 1000

    /// How long the cursor of a page may be used.
    package var cursorTimeout: Duration = .seconds(3600)

    package init() {}
}
