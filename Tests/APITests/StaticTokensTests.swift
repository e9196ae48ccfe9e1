// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import SCIM
import Testing

@testable import API

@Suite struct StaticTokensTests {
    private static let digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"  // of "test"

    @Test func generatedTokenIsRecognisedAndItsLineHoldsNoToken() async throws {
        let principal = Principal(client: "okta", tenant: "default", scopes: [.read])
        let (token, entry) = try StaticToken.generate(for: principal)
        #expect(token.hasPrefix(StaticToken.prefix))
        #expect(token.utf8.count == StaticToken.prefix.utf8.count + 43)
        #expect(!entry.line.contains(token.dropFirst(StaticToken.prefix.count)))

        let tokens = try StaticTokens(parsing: "# tokens\n\n\(entry.line)\r\n")
        #expect(tokens.count == 1)
        #expect(try await tokens.authenticate(Substring(token)) == principal)
    }

    @Test func tokensAreNeverTheSame() throws {
        let principal = Principal(client: "c", tenant: "t", scopes: .all)
        let tokens = try (0..<100).map { _ in try StaticToken.generate(for: principal).token }
        #expect(Set(tokens).count == 100)
    }

    @Test func unknownTokenIsRefused() async throws {
        let tokens = try StaticTokens(parsing: "\(Self.digest) client=c tenant=t scopes=scim.read")
        #expect(try await tokens.authenticate("test").client == "c")
        for token in ["Test", "tes", "test ", Substring(Self.digest)] {
            await #expect(throws: AuthenticationError.unknownToken) { try await tokens.authenticate(token) }
        }
    }

    @Test func tokenEndsWithItsExpiry() async throws {
        let expires = try #require(Timestamp(iso8601: "2027-01-01T00:00:00Z"))
        let line = "\(Self.digest) client=c tenant=t scopes=scim.read expires=2027-01-01T00:00:00Z"
        let before = try StaticTokens(parsing: line) { expires.advanced(by: .microseconds(-1)) }
        #expect(try await before.authenticate("test").client == "c")
        let after = try StaticTokens(parsing: line) { expires }
        await #expect(throws: AuthenticationError.expired) { try await after.authenticate("test") }
    }

    @Test func lineIsReadBackAsWritten() throws {
        let expires = Timestamp(iso8601: "2027-01-01T00:00:00Z")
        let principal = Principal(client: "https://idp.example/a", tenant: "a-1", scopes: .all)
        let entry = try StaticToken.generate(for: principal, expires: expires).entry
        #expect(entry.principal == principal)
        #expect(entry.expires == expires)
        #expect(try StaticToken(line: entry.line) == entry)
        #expect(TokenDigest(hexadecimal: entry.digest.hexadecimal.uppercased()) == entry.digest)
        #expect(TokenDigest(of: "test").hexadecimal == Self.digest)
    }

    @Test(
        "A wrong line is refused with its number and without its content",
        arguments: [
            "test client=c tenant=t scopes=scim.read",
            "\(digest.dropLast()) client=c tenant=t scopes=scim.read",
            "\(digest) tenant=t scopes=scim.read",
            "\(digest) client= tenant=t scopes=scim.read",
            "\(digest) client=ä tenant=t scopes=scim.read",
            "\(digest) client=c scopes=scim.read",
            "\(digest) client=c tenant=T scopes=scim.read",
            "\(digest) client=c tenant=-t scopes=scim.read",
            "\(digest) client=c tenant=t",
            "\(digest) client=c tenant=t scopes=",
            "\(digest) client=c tenant=t scopes=scim.admin",
            "\(digest) client=c tenant=t scopes=scim.read,",
            "\(digest) client=c tenant=t scopes=scim.read expires=tomorrow",
            "\(digest) client=c tenant=t scopes=scim.read subject=",
            "\(digest) client=c tenant=t scopes=scim.read subject=a\u{7}b",
            "\(digest) client=c tenant=t scopes=scim.read subject=a\u{2028}b",
            "\(digest) client=c client=d tenant=t scopes=scim.read",
            "\(digest) client=c tenant=t scopes=scim.read role=admin",
        ])
    func wrongLine(line: String) {
        #expect { try StaticTokens(parsing: "# first\n\(line)") } throws: { error in
            guard let error = error as? StaticTokenFileError else { return false }
            return error.line == 2 && !error.description.contains(Self.digest.dropLast())
        }
    }

    @Test func sameTokenTwiceIsRefused() {
        let line = "\(Self.digest) client=c tenant=t scopes=scim.read"
        #expect(throws: StaticTokenFileError(line: 2, reason: "the same token stands in line 1")) {
            try StaticTokens(parsing: "\(line)\n\(line)")
        }
    }

    @Test(
        "A subject is kept, and is one word",
        arguments: ["a b", "a\nb", "a\r\nb", "a\tb", "a\u{0}", "", "a scopes=scim.write"])
    func subject(wrong: String) throws {
        let principal = Principal(client: "c", tenant: "t", scopes: .read, subject: "j.\u{f6}@example.test")
        let (_, entry) = try StaticToken.generate(for: principal)
        #expect(entry.principal == principal)
        #expect(throws: StaticTokenError.self) {
            try StaticToken.generate(for: Principal(client: "c", tenant: "t", scopes: .read, subject: wrong))
        }
    }

    @Test func spacesCannotBeSmuggledIntoAGeneratedEntry() {
        #expect(throws: StaticTokenError.self) {
            try StaticToken.generate(for: Principal(client: "a scopes=scim.write", tenant: "t", scopes: .read))
        }
        #expect(throws: StaticTokenError.self) {
            try StaticToken.generate(for: Principal(client: "a", tenant: "t", scopes: []))
        }
    }
}
