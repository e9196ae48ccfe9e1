// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// How fast new users are accepted.
struct AcceptScenario: Scenario {
    /// How the accepted users are proven to be there.
    enum Verification: Sendable {
        /// A count of all of them in the bridge's database.
        case database(AcceptedUsers)
        /// Some of them are read by GET: for servers whose storage is their own affair.
        case samples
    }

    static let sampleInterval = 100

    let generator: LoadGenerator
    let token: String?
    let names: UserNames
    let verification: Verification

    var name: String { "accept" }

    func requests(run: Int) -> any RequestSource {
        let interval: Int? = if case .samples = verification { Self.sampleInterval } else { nil }
        return CreateUsers(
            target: generator.target, token: token, names: names, run: run, sampleInterval: interval)
    }

    /// One request before anything is measured, so that a wrong token or path is told at once.
    /// - Parameter run: As for ``requests(run:)``.
    func tryOut(run: Int) async throws {
        let window = LoadWindow(warmUp: .zero, measured: .seconds(10), maximumRequests: 1)
        let source = CreateUsers(target: generator.target, token: token, names: names, run: run, sampleInterval: 1)
        let result = try await generator.run(source, connections: 1, window: window)
        guard result.accepted == 1, result.failures.isEmpty else {
            throw BenchFailure("the first user was not accepted: \(result.firstFailure ?? "no answer")")
        }
        let problems = try await verify(result, run: run)
        guard problems.isEmpty else {
            throw BenchFailure("the first user was accepted, but: \(problems.joined(separator: "; "))")
        }
    }

    func verify(_ result: LoadResult, run: Int) async throws -> [String] {
        switch verification {
        case .database(let users): return try await users.verify(count: result.accepted, prefix: names.prefix(run: run))
        case .samples:
            return try await ReadBack(generator: generator, token: token)
                .problems(of: result.samples, accepted: result.accepted)
        }
    }
}
