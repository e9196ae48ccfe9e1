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
    static let readingConnections = 4

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
        case .samples: return try await readBack(result.samples, accepted: result.accepted)
        }
    }

    private func readBack(_ samples: [ResourceSample], accepted: Int) async throws -> [String] {
        guard accepted > 0 else { return [] }
        var problems: [String] = []
        let unnamed = samples.count { $0.id == nil }
        if samples.isEmpty { problems.append("no accepted user could be read back") }
        if unnamed > 0 { problems.append("\(unnamed) of \(samples.count) answers had no Location") }
        let expected = samples.count - unnamed
        guard expected > 0 else { return problems }
        let window = LoadWindow(warmUp: .zero, measured: .seconds(30))
        let result = try await generator.run(
            ReadUsers(target: generator.target, token: token, samples: samples),
            connections: min(Self.readingConnections, expected), window: window)
        for (failure, count) in result.failures.sorted(by: { $0.key < $1.key }) {
            problems.append("\(count) x \(failure)")
        }
        if result.accepted != expected, result.failures.isEmpty {
            problems.append("\(expected - result.accepted) of \(expected) users could not be read back in time")
        }
        return problems
    }
}
