// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import SCIM

/// Tokens from a file, for development and for clients without an identity provider of their own (DESIGN section 10).
package struct StaticTokens: TokenAuthenticator {
    private let tokens: [TokenDigest: StaticToken]
    private let now: @Sendable () -> Timestamp

    /// - Parameter now: The clock that expiry is judged by.
    package init(_ tokens: [StaticToken], now: @escaping @Sendable () -> Timestamp = { .now() }) {
        self.tokens = Dictionary(tokens.map { ($0.digest, $0) }, uniquingKeysWith: { first, _ in first })
        self.now = now
    }

    /// Reads the text of a token file: a ``StaticToken`` a line; empty lines and lines that start with `#` are
    /// comments.
    ///
    /// - Throws: ``StaticTokenFileError`` with the number of the first line that is wrong.
    package init(
        parsing text: String, now: @escaping @Sendable () -> Timestamp = { .now() }
    ) throws(StaticTokenFileError) {
        var tokens: [StaticToken] = []
        var lineOfDigest: [TokenDigest: Int] = [:]
        // By bytes: Swift takes CR LF for one character, which is not LF.
        for (index, bytes) in text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .enumerated()
        {
            let line = Substring(bytes.last == UInt8(ascii: "\r") ? bytes.dropLast() : bytes)
            guard let first = line.first(where: { $0 != " " && $0 != "\t" }), first != "#" else { continue }
            let token: StaticToken
            do throws(StaticTokenError) {
                token = try StaticToken(line: line)
            } catch {
                throw StaticTokenFileError(line: index + 1, reason: error.description)
            }
            if let earlier = lineOfDigest.updateValue(index + 1, forKey: token.digest) {
                throw StaticTokenFileError(line: index + 1, reason: "the same token stands in line \(earlier)")
            }
            tokens.append(token)
        }
        self.init(tokens, now: now)
    }

    package var count: Int { tokens.count }

    package func authenticate(_ token: Substring) async throws(AuthenticationError) -> Principal {
        guard let entry = tokens[TokenDigest(of: token)] else { throw .unknownToken }
        if let expires = entry.expires, expires <= now() { throw .expired }
        return entry.principal
    }
}

/// A token file that cannot be read. Says the line and never its content.
package struct StaticTokenFileError: Error, Equatable, Sendable, CustomStringConvertible {
    package let line: Int
    package let reason: String

    package var description: String { "line \(line) of the token file: \(reason)" }
}
