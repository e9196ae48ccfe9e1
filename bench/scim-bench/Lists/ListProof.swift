// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// Whether server and SELECT answer the same, so that their times may be set side by side.
struct ListProof: Sendable {
    static let samples = 10

    let client: SCIMClient
    let table: SampleTable

    /// - Throws: ``BenchFailure`` at the first difference.
    func check(_ select: ListSelect, _ samples: [ListSample]) async throws {
        for sample in samples.prefix(Self.samples) {
            let list = try await client.get("/Users", sample.parameters)
            let shown = (list["Resources"]?.arrayValue ?? []).compactMap { $0["id"]?.stringValue?.lowercased() }
            let total = try SCIMClient.total(of: list)
            let expected = try await table.page(select, sample)
            let title = "\(select.query.title) \(sample.value)"
            guard expected.total ?? total == total else {
                throw BenchFailure("\(title): the server counts \(total), the SELECT \(expected.total ?? 0)")
            }
            guard shown == expected.ids else {
                throw BenchFailure(
                    "\(title): the server's page of \(shown.count) is not that of the SELECT, of \(expected.ids.count)")
            }
            guard !shown.isEmpty || select.query == .modified || select.query == .modifiedRecently else {
                throw BenchFailure("\(title): there is no such user")
            }
        }
    }
}
