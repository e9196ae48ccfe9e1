// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// Values that are made once for each key and kept for good, such as the metrics of one name; there must be few keys.
package final class Kept<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private let made = Locked<[Key: Value]>([:])
    private let make: @Sendable (Key) -> Value

    package init(_ make: @escaping @Sendable (Key) -> Value) { self.make = make }

    package subscript(key: Key) -> Value {
        made.withLock { made in
            if let value = made[key] { return value }
            let value = make(key)
            made[key] = value
            return value
        }
    }
}
