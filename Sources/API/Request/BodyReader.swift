// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Hummingbird
internal import JSON
internal import NIOCore
internal import SCIM

/// Reads a request's JSON body within a limit.
struct BodyReader: Sendable {
    /// Bytes.
    let limit: Int
    let depth: Int

    /// - Parameter contentLength: The header, which the HTTP decoder has checked to be a number.
    /// - Throws: ``SCIMError`` 413 as soon as the limit is passed, 400 `invalidSyntax` for what is not JSON and for a
    ///   body that ends before its announced length.
    func readJSON(from body: RequestBody, contentLength: String?) async throws -> JSONValue {
        let bytes = try await collect(body, announced: contentLength.flatMap { Int($0) })
        guard bytes.readableBytes > 0 else {
            throw SCIMError.invalidSyntax("The request has no body")
        }
        return try bytes.withUnsafeReadableBytes { bytes throws(SCIMError) in
            do throws(JSONError) {
                return try JSONValue(parsing: bytes, limits: JSONLimits(maximumBytes: limit, maximumDepth: depth))
            } catch {
                throw .invalidSyntax("The request body is not valid JSON: \(error.description)")
            }
        }
    }

    /// Reads the body of a group while it arrives: its members never lie here as JSON.
    func readGroup(from body: RequestBody, contentLength: String?) async throws -> GroupBody {
        let announced = contentLength.flatMap { Int($0) }
        if let announced, announced > limit { throw SCIMError.tooLarge(limit: limit) }
        var reader = GroupBodyReader(maximumBytes: limit, maximumDepth: depth)
        var received = 0
        do {
            for try await part in body {
                received += part.readableBytes
                try part.withUnsafeReadableBytes { try reader.append($0) }
            }
        } catch let error as SCIMError {
            throw error
        } catch {
            throw SCIMError.invalidSyntax("The request body is incomplete or malformed")
        }
        if let announced, received != announced { throw SCIMError.invalidSyntax("The request body is incomplete") }
        return try reader.finish()
    }

    private func collect(_ body: RequestBody, announced: Int?) async throws -> ByteBuffer {
        if let announced, announced > limit { throw SCIMError.tooLarge(limit: limit) }
        var collected = ByteBuffer()
        do {
            for try await var part in body {
                guard collected.readableBytes + part.readableBytes <= limit else {
                    throw SCIMError.tooLarge(limit: limit)
                }
                if collected.readableBytes == 0 {
                    // Most bodies are one part: taken over, not copied.
                    collected = part
                } else {
                    collected.writeBuffer(&part)
                }
            }
        } catch let error as SCIMError {
            throw error
        } catch {
            // The decoder's complaint about a broken chunk, or about a connection that was closed half way.
            throw SCIMError.invalidSyntax("The request body is incomplete or malformed")
        }
        if let announced, collected.readableBytes != announced {
            throw SCIMError.invalidSyntax("The request body is incomplete")
        }
        return collected
    }
}
