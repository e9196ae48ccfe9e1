// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import JSON

/// A call to UDM that did not do what it was made for.
package struct UDMError: Error, Hashable, Sendable {
    /// What to do now.
    package var `class`: UDMErrorClass
    /// UDM's HTTP status; `nil` when no answer came or no call was made.
    package var status: Int?
    /// What UDM found wrong, item by item; empty unless it said.
    package var errors: [UDMFieldError]
    /// Not before this has passed; at most ``longestRetryAfter``.
    package var retryAfter: Duration?
    /// A sentence for people, without bodies, credentials and passwords.
    package var detail: String
    /// The calling task was cancelled; ``class`` still tells whether the write may have happened.
    package var isCancellation: Bool
    /// An object that was written a short time ago is not found: UDM may read from an LDAP server that has not heard of it yet
    /// (`directory/manager/rest/ldap-connection/user-read/uri`).
    package var mayBeLate = false
    /// A group in a list of the call that is not there: UDM looks at each nested group, and carries nothing out when one is missing. In the
    /// spelling of the call.
    package var missingGroup: String?
    package var module: UDMModule?
    /// The DN that was called for, if the call had one.
    package var dn: String?

    package init(
        _ class: UDMErrorClass,
        status: Int? = nil,
        errors: [UDMFieldError] = [],
        retryAfter: Duration? = nil,
        detail: String,
        isCancellation: Bool = false,
        module: UDMModule? = nil,
        dn: String? = nil
    ) {
        self.class = `class`
        self.status = status
        self.errors = errors
        self.retryAfter = retryAfter
        self.detail = detail
        self.isCancellation = isCancellation
        self.module = module
        self.dn = dn
    }

    /// How long UDM keeps a lock whose holder went away.
    package static let nameLockLifetime: Duration = .seconds(300)
    /// Longer waits in `Retry-After` are cut to this.
    package static let longestRetryAfter: Duration = .seconds(3600)
    /// Retries of a 500: an unexpected exception in UDM, seldom one that passes.
    package static let internalErrorRetries = 5

    /// The first property that UDM named.
    package var property: String? { properties.first }

    /// Every property UDM named, in its order, each once.
    package var properties: [String] {
        var seen: Set<String> = []
        return errors.compactMap(\.property).filter { seen.insert($0).inserted }
    }

    /// Why UDM refused: uniqueness before anything else, then the first reason it gave.
    package var refusal: UDMRefusal? {
        let refusals = errors.map(\.refusal)
        return refusals.first(where: \.isUniqueness) ?? refusals.first { $0 != .other } ?? refusals.first
    }

    /// Whether an earlier try of the same write may be the reason: search by the identifier before believing the
    /// refusal of a create, read before believing the one of a password.
    package var mayBeOwnEarlierTry: Bool {
        switch refusal {
        case .nameTaken, .lockHeld, .passwordUsedBefore: true
        default: false
        }
    }

    /// For a `sync-error` event: `{"httpStatus":422,"module":"users/user","dn":null,"errors":[…]}`
    /// (`nubus-provisioning-api` section 6.6).
    package var json: JSONValue {
        [
            "httpStatus": status.map { .number(JSONNumber(Int64($0))) } ?? .null,
            "module": module.map { .string($0.rawValue) } ?? .null,
            "dn": dn.map { .string($0) } ?? .null,
            "errors": .array(errors.map(\.json)),
        ]
    }
}

extension UDMError: CustomStringConvertible {
    package var description: String {
        status.map { "UDM \($0) (\(`class`.label)): \(detail)" } ?? "UDM (\(`class`.label)): \(detail)"
    }
}
