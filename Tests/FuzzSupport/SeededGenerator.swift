// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// SplitMix64: the same seed gives the same values on every machine.
package struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    /// The seed of this run: `TEST_SEED` of the environment, otherwise a new one. Tests name it when they fail.
    package static var seedOfThisRun: UInt64 {
        environmentSeed ?? UInt64.random(in: .min ... .max)
    }

    /// Seeds for the arguments of a test: that of `TEST_SEED` alone, otherwise `count` that are the same in every run and as many new ones.
    package static func seeds(_ count: Int) -> [UInt64] {
        if let seed = environmentSeed { return [seed] }
        return (1...UInt64(count)).flatMap { [$0, UInt64.random(in: .min ... .max)] }
    }

    /// For tests whose seeds are fixed numbers, which add it to them: `TEST_SEED=12345 swift test` tries others.
    package static var seedOffset: UInt64 { environmentSeed ?? 0 }

    private static var environmentSeed: UInt64? {
        ProcessInfo.processInfo.environment["TEST_SEED"].flatMap { UInt64($0) }
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
