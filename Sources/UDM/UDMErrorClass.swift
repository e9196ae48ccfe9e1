// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// What a failed call means for the work that made it (`udm-rest-api` section 8.2).
package enum UDMErrorClass: Hashable, Sendable {
    /// UDM refused; the same call is refused again.
    case permanent
    /// Try again later; the write did not happen. With a `retryLimit`, only so many times; without, as long as the
    /// work's age allows.
    case transient(retryLimit: Int?)
    /// One of UDM's locks is held, or the identifier is taken: try again for ``UDMError/nameLockLifetime``, then it is permanent.
    case nameLock
    /// A write may have happened, or may still happen: look before trying again.
    case unknownOutcome
    /// UDM refuses the service account, or LDAP is down and looks like it: hold all work, fail none.
    case authentication
    /// Somebody changed the object since it was read: read again and retry at once.
    case preconditionFailed
    /// No such object. For a delete that is success, otherwise resolve the DN again.
    case notFound
    /// A call that should never have been made.
    case bug

    package static let transient = UDMErrorClass.transient(retryLimit: nil)

    /// Value of the metrics' label `class`.
    package var label: String {
        switch self {
        case .permanent: "permanent"
        case .transient: "transient"
        case .nameLock: "name_lock"
        case .unknownOutcome: "unknown_outcome"
        case .authentication: "authentication"
        case .preconditionFailed: "precondition_failed"
        case .notFound: "not_found"
        case .bug: "bug"
        }
    }

    /// Whether it counts against UDM's health, for a circuit breaker: answers that judge the request never do.
    package var isOutage: Bool {
        switch self {
        case .transient(retryLimit: nil), .unknownOutcome, .authentication: true
        default: false
        }
    }
}
