// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// What happens at which place: `name=kill@3;other=error@0.1;third=pause:200ms`.
///
/// An action is `kill`, `error` or `pause:` with a length in `ms` or `s`. `@3` means the third hit and no other, `@0.1` each hit with this
/// probability; without either it is every hit.
package struct FailpointPlan: Sendable, Equatable {
    /// What happens there.
    package enum Action: Sendable, Equatable {
        case kill
        case error
        case pause(Duration)
    }

    /// At which hits it happens.
    package enum When: Sendable, Equatable {
        case always
        /// Counted from 1.
        case hit(Int)
        /// 0 to 1, drawn from the seed, the name and the number of the hit.
        case probability(Double)
    }

    /// What happens at one place, and when.
    package struct Rule: Sendable, Equatable {
        package var action: Action
        package var when: When

        package init(action: Action, when: When) {
            self.action = action
            self.when = when
        }
    }

    package var rules: [String: Rule] = [:]
    package var seed: UInt64

    /// - Returns: nil for a text that cannot be read.
    package init?(_ text: String, seed: UInt64 = 1) {
        self.seed = seed
        for part in text.split(separator: ";") {
            let sides = part.split(separator: "=", maxSplits: 1)
            guard sides.count == 2, let rule = Self.rule(sides[1]) else { return nil }
            rules[String(sides[0])] = rule
        }
    }

    /// - Returns: nil when nothing was asked for.
    static func fromEnvironment() -> FailpointPlan? {
        guard let text = getenv("SCIM_FAILPOINTS").map({ String(cString: $0) }), !text.isEmpty else { return nil }
        let seed = getenv("SCIM_FAILPOINTS_SEED").flatMap { UInt64(String(cString: $0)) } ?? 1
        guard let plan = FailpointPlan(text, seed: seed) else { fatalError("SCIM_FAILPOINTS cannot be read: \(text)") }
        return plan
    }

    /// Whether a rule strikes at this hit, which is counted from 1.
    package func isDue(_ rule: Rule, name: String, hit: Int) -> Bool {
        switch rule.when {
        case .always: return true
        case .hit(let wanted): return hit == wanted
        case .probability(let probability):
            // FNV-1a over everything that is to make a difference: the same run draws the same.
            var hash: UInt64 = 0xCBF2_9CE4_8422_2325
            for byte in "\(seed)/\(name)/\(hit)".utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
            hash ^= hash >> 33
            hash = hash &* 0xFF51_AFD7_ED55_8CCD
            hash ^= hash >> 33
            return Double(hash >> 11) / Double(1 << 53) < probability
        }
    }

    private static func rule(_ text: Substring) -> Rule? {
        let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        guard let action = action(parts[0]) else { return nil }
        guard parts.count == 2 else { return Rule(action: action, when: .always) }
        if parts[1].contains(".") {
            guard let probability = Double(parts[1]), (0...1).contains(probability) else { return nil }
            return Rule(action: action, when: .probability(probability))
        }
        guard let hit = Int(parts[1]), hit > 0 else { return nil }
        return Rule(action: action, when: .hit(hit))
    }

    private static func action(_ text: Substring) -> Action? {
        switch text {
        case "kill": return .kill
        case "error": return .error
        default: break
        }
        guard text.hasPrefix("pause:") else { return nil }
        let length = text.dropFirst("pause:".count)
        if length.hasSuffix("ms"), let value = Int(length.dropLast(2)), value >= 0 {
            return .pause(.milliseconds(value))
        }
        guard length.hasSuffix("s"), let value = Double(length.dropLast()), (0...3600).contains(value) else {
            return nil
        }
        return .pause(.milliseconds(Int64(value * 1000)))
    }
}
