// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Where the values of a plot lie on its paper, in units of SVG.
struct PlotArea: Sendable {
    static let width = 720.0
    static let height = 260.0
    static let left = 64.0
    static let right = 12.0
    static let top = 10.0
    static let bottom = 34.0

    let xRange: ClosedRange<Double>
    /// The upper end of the axis that begins with 0.
    let yMost: Double
    let step: Double

    /// - Parameter most: The greatest value.
    init(xRange: ClosedRange<Double> = 0...1, most: Double) {
        self.xRange = xRange
        step = Self.step(for: most)
        yMost = max(1, (most / step).rounded(.up)) * step
    }

    /// 1, 2 or 5 times a power of ten, so that three to six of them are enough for `most`.
    static func step(for most: Double) -> Double {
        guard most.isFinite, most > 0 else { return 1 }
        let rough = most / 4
        let power = pow(10, floor(log10(rough)))
        for factor in [1.0, 2, 5] where factor * power >= rough { return factor * power }
        return 10 * power
    }

    var ticks: [Double] { Array(stride(from: 0, through: yMost + step / 2, by: step)) }

    func x(_ value: Double) -> Double {
        let length = max(xRange.upperBound - xRange.lowerBound, .ulpOfOne)
        return Self.left + (value - xRange.lowerBound) / length * (Self.width - Self.left - Self.right)
    }

    func y(_ value: Double) -> Double {
        Self.height - Self.bottom - min(1, max(0, value / yMost)) * (Self.height - Self.top - Self.bottom)
    }

    /// `12k`, `3`, `0.25`
    static func label(_ value: Double) -> String {
        if value >= 1_000_000 { return Figure.shortest(value / 1_000_000) + "M" }
        if value >= 10_000 { return Figure.shortest(value / 1000) + "k" }
        return Figure.shortest(value)
    }

    /// Lines and numbers of the vertical axis.
    var grid: String {
        ticks.map { tick in
            let y = SVG.number(y(tick))
            return "<line class=\"grid\" x1=\"\(SVG.number(Self.left))\" x2=\"\(SVG.number(Self.width - Self.right))\" "
                + "y1=\"\(y)\" y2=\"\(y)\"/>"
                + "<text class=\"tick\" text-anchor=\"end\" x=\"\(SVG.number(Self.left - 6))\" y=\"\(y)\" dy=\".32em\">"
                + "\(Self.label(tick))</text>"
        }.joined()
    }
}
