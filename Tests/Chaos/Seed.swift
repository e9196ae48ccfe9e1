// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// A small seeded generator (Steele, Lea, Flood: splittable generators): everything a run decides comes from it, so that a seed names the
/// run. What the machine's timing adds cannot be repeated.
struct Seed: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// Another generator that does not depend on how much is drawn from this one afterwards.
    mutating func split() -> Seed { Seed(next()) }

    mutating func chance(_ probability: Double) -> Bool { Double.random(in: 0..<1, using: &self) < probability }

    mutating func milliseconds(_ range: ClosedRange<Int64>) -> Duration {
        .milliseconds(Int64.random(in: range, using: &self))
    }

    /// One of the choices, each as often as its weight says.
    mutating func pick<Choice>(_ choices: [(weight: Int, Choice)]) -> Choice {
        precondition(!choices.isEmpty, "nothing to choose from")
        var left = Int.random(in: 0..<choices.reduce(0) { $0 + $1.weight }, using: &self)
        for (weight, choice) in choices {
            left -= weight
            if left < 0 { return choice }
        }
        return choices[choices.count - 1].1
    }
}

/// A run that cannot go on; nothing is said about the bridge.
struct ChaosFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
