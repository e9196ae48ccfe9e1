// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// How many users a second are read by their id.
struct ReadScenario: Scenario {
    let target: Target
    let token: String?
    let ids: [String]
    let seed: UInt64

    var name: String { "read" }

    func requests(run: Int) -> any RequestSource {
        GetRequests(
            target: target, token: token, paths: ids.map { "/Users/\($0)" },
            seed: seed &+ UInt64(truncatingIfNeeded: run))
    }
}
