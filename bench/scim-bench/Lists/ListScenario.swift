// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// One of the lists, asked for again and again.
struct ListScenario: Scenario {
    let target: Target
    let token: String?
    let seed: UInt64
    let samples: [ListSample]

    var name: String { "lists" }

    func requests(run: Int) -> any RequestSource {
        GetRequests(
            target: target, token: token, paths: samples.map { "/Users" + Query.text($0.parameters) },
            seed: seed &+ UInt64(truncatingIfNeeded: run))
    }
}
