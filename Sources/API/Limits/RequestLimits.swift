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
    /// Bytes of all bodies above 64 KiB that are worked on at the same time; the others wait for their turn, unread. A bulk request needs up to
    /// three times its length until it is answered, a group twice.
    package var bodiesAtOnce = 16 << 20
    /// How long a large body waits for its turn before it is refused with 429.
    package var bodyPatience: Duration = .seconds(60)
    /// How long a large body may take to arrive once it has its turn.
    package var bodyTime: Duration = .seconds(60)
    /// Operations of a bulk request.
    package var bulkOperations = 1000
    /// Nesting of a JSON body.
    package var depth = 64
    /// Values in a JSON body, arrays and objects included: a body of 1 MiB has place for a list of 20,000 members, which are twice as many values.
    package var values = 65_536
    /// Values in one operation of a bulk request, such as a group of 65,000 members. They take up to 400 bytes each.
    package var bulkValues = 131_072
    /// Resources in a page when `count` is missing.
    package var defaultPageSize = 100
    /// Resources in a page at most; a larger `count` is lowered to it (RFC 7644 section 3.4.2.4).
    package var maximumPageSize = 1000

    /// How long the cursor of a page may be used.
    package var cursorTimeout: Duration = .seconds(3600)

    package init() {}
}
