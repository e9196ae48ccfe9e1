// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// How fast reads with some creates among them are answered.
struct MixedScenario: Scenario {
    let generator: LoadGenerator
    let token: String?
    let names: UserNames
    let ids: [String]
    let verification: AcceptScenario.Verification

    var name: String { "mixed" }

    func requests(run: Int) -> any RequestSource {
        let interval: Int? = if case .samples = verification { 10 } else { nil }
        return MixedRequests(
            target: generator.target, token: token, ids: ids, names: names, run: run, sampleInterval: interval)
    }

    func verify(_ result: LoadResult, run: Int) async throws -> [String] {
        let created = result.accepted(series: MixedRequests.Series.create)
        switch verification {
        case .database(let users): return try await users.verify(count: created, prefix: names.prefix(run: run))
        case .samples:
            return try await ReadBack(generator: generator, token: token)
                .problems(of: result.samples, accepted: created)
        }
    }
}
