// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// JSON text with the members of groups in it, read from the database while it is taken, a part of some hundred KiB at a time.
///
/// To be iterated once. An error, which may come after many parts, means that the text stays incomplete.
package struct MemberText: AsyncSequence, Sendable {
    package typealias Element = [UInt8]
    package typealias Failure = any Error

    private let nextPart: @Sendable () async throws -> [UInt8]?

    init(_ nextPart: @escaping @Sendable () async throws -> [UInt8]?) { self.nextPart = nextPart }

    package func makeAsyncIterator() -> Iterator { Iterator(nextPart: nextPart) }

    package struct Iterator: AsyncIteratorProtocol {
        fileprivate let nextPart: @Sendable () async throws -> [UInt8]?

        package mutating func next() async throws -> [UInt8]? { try await nextPart() }
    }
}
