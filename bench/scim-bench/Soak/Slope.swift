// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// The straight line through points by least squares.
struct Slope: Sendable, Equatable {
    /// Of `y` for each `x`.
    let perUnit: Double
    /// `y` where `x` is 0.
    let offset: Double
    /// How much of the spread of `y` the line explains, from 0 to 1; 1 when there is no spread.
    let determination: Double

    /// Nil with less than two different `x`.
    init?(_ points: [(x: Double, y: Double)]) {
        guard !points.isEmpty else { return nil }
        let count = Double(points.count)
        let meanX = points.reduce(0) { $0 + $1.x } / count
        let meanY = points.reduce(0) { $0 + $1.y } / count
        let spreadX = points.reduce(0) { $0 + ($1.x - meanX) * ($1.x - meanX) }
        guard spreadX > 0 else { return nil }
        let together = points.reduce(0) { $0 + ($1.x - meanX) * ($1.y - meanY) }
        let slope = together / spreadX
        let spreadY = points.reduce(0) { $0 + ($1.y - meanY) * ($1.y - meanY) }
        perUnit = slope
        offset = meanY - slope * meanX
        determination = spreadY > 0 ? slope * together / spreadY : 1
    }
}
