// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// The median of some measurements, with the least and the greatest.
struct Spread: Sendable, Equatable {
    let median: Double
    let minimum: Double
    let maximum: Double

    /// Nil when there is none. Of an even number the median is the mean of the two in the middle.
    init?(_ values: [Double]) {
        let sorted = values.sorted()
        guard let first = sorted.first, let last = sorted.last else { return nil }
        let middle = sorted.count / 2
        median = sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
        minimum = first
        maximum = last
    }

    /// Of the values that are known.
    init?(_ values: [Double?]) { self.init(values.compactMap { $0 }) }
}
