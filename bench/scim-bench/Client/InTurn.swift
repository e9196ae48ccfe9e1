// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// Calls `body` for each index, in their order, for so many at once.
///
/// - Returns: What it returned, in the order of the indices.
/// - Throws: The first error; the calls under way are cancelled then.
func inTurn<Value: Sendable>(
    _ indices: Range<Int>, atOnce: Int, _ body: @escaping @Sendable (Int) async throws -> Value
) async throws -> [Value] {
    try await withThrowingTaskGroup(of: (Int, Value).self) { group in
        var values: [Int: Value] = [:]
        for index in indices {
            if index >= indices.lowerBound + atOnce, let (ended, value) = try await group.next() {
                values[ended] = value
            }
            try Task.checkCancellation()
            group.addTask { (index, try await body(index)) }
        }
        for try await (ended, value) in group { values[ended] = value }
        return indices.compactMap { values[$0] }
    }
}
