// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import SCIM

/// The database holds what this version does not understand, or lacks what it must hold.
package enum StorageError: Error, Sendable, CustomStringConvertible {
    case unknownValue(String)
    /// Wrote where nothing could be written: a bug.
    case inconsistent(String)

    package var description: String {
        switch self {
        case .unknownValue(let value): "the database holds \"\(value)\", which this version does not know"
        case .inconsistent(let what): "the database is inconsistent: \(what)"
        }
    }
}

extension ResourceType {
    /// From a column `type`.
    init(stored text: String) throws(StorageError) {
        guard let type = ResourceType(rawValue: text) else { throw .unknownValue(text) }
        self = type
    }
}
