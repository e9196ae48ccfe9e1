// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Hummingbird
internal import JSON
internal import NIOCore
internal import SCIM

/// Reads a request's JSON body within a limit, a large one in its turn (``BodyBudget``).
struct BodyReader: Sendable {
    /// Bytes.
    let limit: Int
    let limits: RequestLimits

    /// - Throws: ``SCIMError`` 413 as soon as a limit is passed, 400 `invalidSyntax` for what is not JSON and for a body that ends before its
    ///   announced length, 408 for a large one that takes too long, 429 for one whose turn does not come.
    func readJSON(from request: SCIMRequest) async throws -> JSONValue {
        var collected = ByteBuffer()
        try await read(request) { part throws(SCIMError) in
            if collected.readableBytes == 0 {
                // Most bodies are one part: taken over, not copied.
                collected = part
            } else {
                collected.writeImmutableBuffer(part)
            }
        }
        guard collected.readableBytes > 0 else {
            throw SCIMError.invalidSyntax("The request has no body")
        }
        return try collected.withUnsafeReadableBytes { bytes throws(SCIMError) in
            do throws(JSONError) {
                let limits = JSONLimits(
                    maximumBytes: limit, maximumDepth: limits.depth, maximumValues: limits.values)
                return try JSONValue(parsing: bytes, limits: limits)
            } catch {
                throw .malformedJSON(error)
            }
        }
    }

    /// Reads the body of a group while it arrives: its members never lie here as JSON.
    func readGroup(from request: SCIMRequest) async throws -> GroupBody {
        var reader = GroupBodyReader(
            maximumBytes: limit, maximumDepth: limits.depth, maximumValues: limits.values)
        try await read(request) { part throws(SCIMError) in
            try part.withUnsafeReadableBytes { bytes throws(SCIMError) in try reader.append(bytes) }
        }
        return try reader.finish()
    }

    /// Reads a bulk request while it arrives: one operation at a time is a JSON value.
    func readBulk(from request: SCIMRequest, references: BulkReferences) async throws -> BulkRequest {
        var reader = BulkReader(limits: limits, references: references)
        try await read(request) { part throws(SCIMError) in
            try part.withUnsafeReadableBytes { bytes throws(SCIMError) in try reader.append(bytes) }
        }
        return try reader.finish()
    }

    /// Hands over the parts of the body as they arrive, not more than ``limit`` bytes of them, without a byte order mark.
    private func read(_ request: SCIMRequest, _ take: (ByteBuffer) throws(SCIMError) -> Void) async throws {
        // The HTTP decoder has checked it to be a number.
        let announced = request.headers.contentLength.flatMap { Int($0) }
        if let announced, announced > limit { throw SCIMError.tooLarge(limit: limit) }
        var hasShare = try await request.share.take(for: announced ?? 0)
        var end = hasShare ? deadline : nil
        var received = 0
        var mark = ByteOrderMark()
        request.wantBody()
        do {
            for try await part in request.body {
                received += part.readableBytes
                guard received <= limit else { throw SCIMError.tooLarge(limit: limit) }
                if !hasShare, received > BodyBudget.small {
                    hasShare = try await request.share.take(for: announced ?? limit)
                    end = deadline
                }
                // Whoever holds a share is waited for by others.
                if let end, ContinuousClock.now > end {
                    throw SCIMError(status: 408, detail: "The body did not arrive within \(limits.bodyTime)")
                }
                for part in mark.removed(from: part) { try take(part) }
            }
            if let rest = mark.rest { try take(rest) }
        } catch let error as SCIMError {
            throw error
        } catch {
            // The decoder's complaint about a broken chunk, or about a connection that was closed half way.
            throw SCIMError.invalidSyntax("The request body is incomplete or malformed")
        }
        if let announced, received != announced { throw SCIMError.invalidSyntax("The request body is incomplete") }
    }

    private var deadline: ContinuousClock.Instant { .now + limits.bodyTime }
}
