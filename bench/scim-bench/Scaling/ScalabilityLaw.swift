// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// The Universal Scalability Law (Gunther), fitted to measurements: `X(N) = X(1) N / (1 + σ (N - 1) + κ N (N - 1))`.
///
/// σ is the share of the work that is done one after the other (contention), κ what each pair of processes costs (coherency). They are those of
/// the least squares of `N X(1) / X(N) - 1`, and not below 0. It is a fit and no proof: few numbers of processes say little of many.
struct ScalabilityLaw: Sendable, Equatable {
    struct Point: Sendable, Equatable {
        let processes: Int
        /// Operations a second of all together.
        let rate: Double
    }

    /// `X(1)`: the median of what one process reached.
    let single: Double
    /// σ
    let contention: Double
    /// κ
    let coherency: Double
    /// R²: how much of the spread of the rates the law explains; below 0 where their mean would explain more.
    let determination: Double

    /// Nil without a rate of one process and one of several.
    init?(_ points: [Point]) {
        let points = points.filter { $0.processes > 0 && $0.rate > 0 }
        let several = points.filter { $0.processes > 1 }
        guard let single = Spread(points.filter { $0.processes == 1 }.map(\.rate))?.median, !several.isEmpty else {
            return nil
        }
        // y = σ a + κ b
        var (aa, ab, bb, ay, by) = (0.0, 0.0, 0.0, 0.0, 0.0)
        for point in several {
            let number = Double(point.processes)
            let (a, b) = (number - 1, number * (number - 1))
            let y = number * single / point.rate - 1
            aa += a * a
            ab += a * b
            bb += b * b
            ay += a * y
            by += b * y
        }
        let determinant = aa * bb - ab * ab
        var (contention, coherency) = (ay / aa, 0.0)
        // Of a single number of several processes the two cannot be told apart.
        if determinant > 1e-9 * aa * bb {
            contention = (ay * bb - by * ab) / determinant
            coherency = (by * aa - ay * ab) / determinant
            if coherency < 0 { (contention, coherency) = (ay / aa, 0) }
            if contention < 0 { (contention, coherency) = (0, max(0, by / bb)) }
        }
        self.single = single
        self.contention = max(0, contention)
        self.coherency = coherency
        let law = Self(single: single, contention: max(0, contention), coherency: coherency, determination: 0)
        let mean = points.reduce(0) { $0 + $1.rate } / Double(points.count)
        let spread = points.reduce(0) { $0 + pow($1.rate - mean, 2) }
        let rest = points.reduce(0) { $0 + pow($1.rate - law.rate(of: Double($1.processes)), 2) }
        determination = spread > 0 ? 1 - rest / spread : 1
    }

    private init(single: Double, contention: Double, coherency: Double, determination: Double) {
        self.single = single
        self.contention = contention
        self.coherency = coherency
        self.determination = determination
    }

    /// What so many processes reach by the law.
    func rate(of processes: Double) -> Double {
        let rest = processes - 1
        return single * processes / (1 + contention * rest + coherency * processes * rest)
    }

    /// The number of processes beyond which more would be slower; nil where it never falls.
    var best: Double? {
        coherency > 0 ? max(1, ((1 - min(1, contention)) / coherency).squareRoot()) : nil
    }

    /// What no number of processes exceeds; nil where nothing holds it.
    var bound: Double? {
        if let best { return rate(of: best) }
        // From 1 on a second process already makes all slower.
        return contention > 0 ? single / min(1, contention) : nil
    }
}
