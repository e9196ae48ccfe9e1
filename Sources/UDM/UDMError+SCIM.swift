// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import SCIM

extension UDMError {
    /// The failure in SCIM's terms, for the sync status and the `sync-error` event (`nubus-provisioning-api` section 6.6).
    ///
    /// - Parameter action: What was tried, as in `create`, `change`, `delete`.
    package func scimError(_ action: String, _ type: ResourceType, _ id: ResourceID) -> SCIMError {
        let (status, scimType) = scimStatus
        let text: String
        switch `class` {
        case .permanent, .nameLock, .notFound, .authentication:
            text = "UDM refused to \(action) \(type.rawValue) \(id): \(reason)"
        case .transient, .unknownOutcome, .preconditionFailed:
            text = "UDM could not \(action) \(type.rawValue) \(id): \(reason)"
        case .bug:
            text = "The bridge made a call that UDM cannot take, to \(action) \(type.rawValue) \(id): \(reason)"
        }
        return SCIMError(status: status, scimType: scimType, detail: text)
    }

    /// UDM's own words where it said what is wrong, cut to 500 characters.
    package var reason: String {
        guard !errors.isEmpty else { return detail }
        let texts = errors.map { error in error.property.map { "\($0): \(error.message)" } ?? error.message }
        return UDMFieldError(location: [], message: texts.joined(separator: "; ")).message
    }

    private var scimStatus: (Int, SCIMError.ScimType?) {
        switch `class` {
        case .authentication: (403, nil)
        case .notFound: (404, nil)
        case .bug: (500, nil)
        case .transient, .unknownOutcome, .preconditionFailed:
            // Retries are exhausted when anybody asks: the last status if it was a server's, else 503.
            (status.flatMap { $0 >= 500 && $0 != 599 ? $0 : nil } ?? 503, nil)
        case .nameLock: (409, .uniqueness)
        case .permanent where status == 403: (403, nil)
        case .permanent:
            switch refusal {
            case let refusal? where refusal.isUniqueness: (409, .uniqueness)
            case .immutable?: (400, .mutability)
            default: (400, .invalidValue)
            }
        }
    }
}
