// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// Who writes, and on whose behalf: what a job and its event carry besides the change itself.
package struct WriteContext: Sendable {
    package let tenant: String
    /// The OAuth client; scope of `externalId`.
    package let client: String
    package let requestID: String
    /// W3C `traceparent` of the request.
    package let traceParent: String?
    /// `interactive`, `bulk` or `repair`.
    package let lane: String

    package init(
        tenant: String, client: String, requestID: String, traceParent: String? = nil, lane: String = "interactive"
    ) {
        self.tenant = tenant
        self.client = client
        self.requestID = requestID
        self.traceParent = traceParent
        self.lane = lane
    }
}
