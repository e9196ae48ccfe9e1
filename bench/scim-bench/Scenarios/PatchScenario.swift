// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// How fast changes of one attribute are accepted.
struct PatchScenario: Scenario {
    let generator: LoadGenerator
    let token: String?
    let names: UserNames
    let ids: [String]
    /// Nil: some users are read by GET.
    let changes: AcceptedChanges?

    var name: String { "patch" }

    func requests(run: Int) -> any RequestSource {
        PatchUsers(target: generator.target, token: token, ids: ids, names: names, run: run)
    }

    /// One request before anything is measured.
    func tryOut(run: Int) async throws {
        let window = LoadWindow(warmUp: .zero, measured: .seconds(10), maximumRequests: 1)
        try await changes?.begin()
        let result = try await generator.run(
            PatchUsers(target: generator.target, token: token, ids: ids, names: names, run: run), connections: 1,
            window: window)
        guard result.accepted == 1, result.failures.isEmpty else {
            throw BenchFailure("the first change was not accepted: \(result.firstFailure ?? "no answer")")
        }
        let problems = try await verify(result, run: run)
        guard problems.isEmpty else {
            throw BenchFailure("the first change was accepted, but: \(problems.joined(separator: "; "))")
        }
    }

    func verify(_ result: LoadResult, run: Int) async throws -> [String] {
        guard let changes else {
            return try await ReadBack(generator: generator, token: token)
                .problems(of: result.samples, accepted: result.accepted)
        }
        return try await changes.verify(count: result.accepted, titles: PatchUsers.prefix(run: run))
    }
}
