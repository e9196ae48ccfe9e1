// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
package import JSON

extension UDMDouble {
    /// How long an answer takes, in milliseconds.
    package enum LatencyDistribution: Sendable, Equatable {
        case fixed(milliseconds: Double)
        case uniform(fromMilliseconds: Double, toMilliseconds: Double)
        /// Half of the answers are faster than `medianMilliseconds`; `sigma` is the standard deviation of the logarithm.
        case logNormal(medianMilliseconds: Double, sigma: Double)

        func sample(using generator: inout SeededGenerator) -> Duration {
            let milliseconds: Double
            switch self {
            case .fixed(let value): milliseconds = value
            case .uniform(let low, let high): milliseconds = low + (high - low) * generator.unit()
            case .logNormal(let median, let sigma):
                // Box and Muller: a normal variable out of two uniform ones.
                let radius = (-2 * log(1 - generator.unit())).squareRoot()
                milliseconds = median * exp(sigma * radius * cos(2 * .pi * generator.unit()))
            }
            return .microseconds(Int64(max(0, min(milliseconds, 3_600_000)) * 1000))
        }
    }
}

/// Outside of this module only the full name is seen.
typealias LatencyDistribution = UDMDouble.LatencyDistribution

extension LatencyDistribution {
    /// `{"distribution": "fixed", "milliseconds": 5}`, `{"distribution": "uniform", "fromMilliseconds": 5,
    /// "toMilliseconds": 50}` or `{"distribution": "logNormal", "medianMilliseconds": 30, "sigma": 0.5}`.
    package init(json: JSONValue) throws(UDMDouble.ControlError) {
        func number(_ name: String) throws(ControlError) -> Double {
            guard let value = json[name]?.doubleValue, value >= 0, value.isFinite else {
                throw ControlError("\(name) must be a number of at least 0")
            }
            return value
        }
        switch json["distribution"]?.stringValue {
        case "fixed": self = .fixed(milliseconds: try number("milliseconds"))
        case "uniform":
            let low = try number("fromMilliseconds")
            let high = try number("toMilliseconds")
            guard low <= high else { throw ControlError("fromMilliseconds must not be above toMilliseconds") }
            self = .uniform(fromMilliseconds: low, toMilliseconds: high)
        case "logNormal":
            self = .logNormal(medianMilliseconds: try number("medianMilliseconds"), sigma: try number("sigma"))
        default: throw ControlError("distribution must be fixed, uniform or logNormal")
        }
    }

    package var json: JSONValue {
        switch self {
        case .fixed(let value): ["distribution": "fixed", "milliseconds": .number(JSONNumber(value))]
        case .uniform(let low, let high):
            [
                "distribution": "uniform", "fromMilliseconds": .number(JSONNumber(low)),
                "toMilliseconds": .number(JSONNumber(high)),
            ]
        case .logNormal(let median, let sigma):
            [
                "distribution": "logNormal", "medianMilliseconds": .number(JSONNumber(median)),
                "sigma": .number(JSONNumber(sigma)),
            ]
        }
    }
}

/// Reproducible randomness: SplitMix64.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    /// From 0 up to, but not including, 1.
    mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }
}

extension UDMDouble {
    /// A control request that makes no sense; the text says why.
    package struct ControlError: Error, CustomStringConvertible {
        package let description: String

        package init(_ description: String) { self.description = description }
    }
}

/// Outside of this module only the full name is seen.
typealias ControlError = UDMDouble.ControlError
