// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// Proof by GET that some accepted users are as they were sent: for servers whose storage is their own affair.
struct ReadBack: Sendable {
    private static let connections = 4

    let generator: LoadGenerator
    let token: String?

    /// - Parameter accepted: Of all the users that were written.
    /// - Returns: What is not as it was sent.
    func problems(of samples: [ResourceSample], accepted: Int) async throws -> [String] {
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
            connections: min(Self.connections, expected), window: window)
        for (failure, count) in result.failures.sorted(by: { $0.key < $1.key }) {
            problems.append("\(count) x \(failure)")
        }
        if result.accepted != expected, result.failures.isEmpty {
            problems.append("\(expected - result.accepted) of \(expected) users could not be read back in time")
        }
        return problems
    }
}
