// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// The trace that calls to UDM belong to (R-45, W3C Trace Context).
package enum UDMTrace {
    /// The `traceparent` of the write that the current task pushes, as its client sent it; nil for none.
    @TaskLocal package static var parent: String?
}
