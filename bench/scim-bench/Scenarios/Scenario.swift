// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// What is measured: the requests of each run, and the proof that the target kept what it accepted.
protocol Scenario: Sendable {
    /// As on the command line and in the report.
    var name: String { get }

    /// What to send in run `run`, which is counted from 1 and never given twice.
    func requests(run: Int) -> any RequestSource

    /// Whether every accepted write of that run is there, once.
    /// - Returns: A sentence for everything that is not as it must be.
    func verify(_ result: LoadResult, run: Int) async throws -> [String]

    /// The other side of the comparison, where the scenario's own requests hold both, one series each.
    func limit(in result: LoadResult) -> LimitResult?
}

extension Scenario {
    func verify(_ result: LoadResult, run: Int) async throws -> [String] { [] }
    func limit(in result: LoadResult) -> LimitResult? { nil }
}
