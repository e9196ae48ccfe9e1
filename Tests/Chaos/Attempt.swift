// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// A write as it was sent, and what came back.
struct Attempt: Sendable {
    /// Under which condition.
    enum Condition: Sendable, Equatable {
        case none
        /// `If-Match` of the newest revision that the client knew.
        case match(Int)
        /// `If-Match` of a revision that was known to be over.
        case stale(Int)
    }

    let requestID: String
    /// Nil for a create until it is answered.
    var resourceID: String?
    /// `create`, `modify` or `delete`.
    let operation: String
    /// False where the write may change nothing, such as a member that is there already.
    var mayChangeNothing = false
    var condition = Condition.none
    var password: String?
    /// Attributes of which it says everything.
    var attributes = JSONObject()
    var addedMembers: [String] = []
    var removedMembers: [String] = []
    /// 0 for no answer: whether it was stored nobody knows.
    var status = 0
    /// As the answer's ETag has it; nil after a delete.
    var revision: Int?

    var isAccepted: Bool { (200..<300).contains(status) }
}
