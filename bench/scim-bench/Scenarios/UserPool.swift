// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// Users that a bench makes for itself before it measures, by `POST /Users` like any client: all servers know that.
struct UserPool: Sendable {
    /// The number of its run: what is measured begins with 1.
    static let run = 0
    private static let connections = 16
    private static let limit: Duration = .seconds(600)

    let ids: [String]
    /// Users that were made, which may be some more.
    let accepted: Int

    /// - Parameter count: At least 1.
    /// - Throws: ``BenchFailure`` when not all are accepted.
    static func create(
        _ count: Int, names: UserNames, generator: LoadGenerator, token: String?, isSilent: Bool
    ) async throws -> UserPool {
        let connections = min(connections, count)
        // Each connection sends as many as the others.
        let all = (count + connections - 1) / connections * connections
        let bar = CountBar("users to work on", total: all, isSilent: isSilent)
        defer { bar.end() }
        let shown = RateWatch()
        let result = try await generator.run(
            CreateUsers(
                target: generator.target, token: token, names: names, run: run, sampleInterval: 1,
                maximumSamples: all / connections),
            connections: connections,
            window: LoadWindow(warmUp: .zero, measured: limit, maximumRequests: all)
        ) { counters in
            bar.add(shown.difference(counters.accepted))
        }
        let ids = result.samples.compactMap(\.id)
        guard result.failures.isEmpty, ids.count == all else {
            throw BenchFailure(
                "\(ids.count) of \(all) users were accepted: \(result.firstFailure ?? "answers had no Location")")
        }
        return UserPool(ids: Array(ids.prefix(count)), accepted: result.accepted)
    }
}
