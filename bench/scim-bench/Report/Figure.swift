// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// Numbers as texts.
enum Figure {
    /// `12,345`
    static func count(_ value: Double) -> String {
        let digits = String(Int(value.rounded()).magnitude)
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return value.rounded() < 0 ? "-" + text : text
    }

    /// With as many decimals as it has, three at most: `3`, `1.3`.
    static func shortest(_ value: Double) -> String {
        var text = decimal(value, places: 3)
        while text.hasSuffix("0") { text.removeLast() }
        if text.hasSuffix(".") { text.removeLast() }
        return text
    }

    /// With a fixed number of decimals.
    static func decimal(_ value: Double, places: Int) -> String { String(format: "%.\(places)f", value) }

    /// As ``decimal(_:places:)``; without places as ``count(_:)``.
    static func text(_ value: Double, places: Int) -> String {
        places == 0 ? count(value) : decimal(value, places: places)
    }

    /// The median, with the least and the greatest.
    static func spread(_ spread: Spread, places: Int) -> String {
        let texts = [spread.median, spread.minimum, spread.maximum].map { text($0, places: places) }
        return "\(texts[0]) (\(texts[1])-\(texts[2]))"
    }

    /// `12,345 (11,800-12,900)`
    static func counts(_ spread: Spread?) -> String { spread.map { self.spread($0, places: 0) } ?? "-" }

    /// `1.52 (1.48-1.60)`
    static func ratios(_ spread: Spread?) -> String { spread.map { self.spread($0, places: 2) } ?? "-" }

    /// The median only.
    static func median(_ spread: Spread?, places: Int) -> String {
        spread.map { decimal($0.median, places: places) } ?? "-"
    }
}
