// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import API
import Testing

@testable import scim_bridge

@Suite struct TokenFileTests {
    private func create(_ file: TokenFile, _ client: String, subject: String? = nil) throws -> String {
        try file.create(
            client: client, tenant: "default", scopes: ["scim.read"], subject: subject, lifetime: nil)
    }

    @Test("A token belongs to the user that it was made for, or to its client alone")
    func subject() async throws {
        try await withFolder { folder in
            let file = TokenFile(path: folder + "/tokens")
            let client = try create(file, "a")
            let person = try create(file, "b", subject: "Jo@example.test")
            let tokens = try file.read()
            #expect(try await tokens.authenticate(client[...]).subject == nil)
            #expect(try await tokens.authenticate(person[...]).subject == "Jo@example.test")
            #expect(try file.entries().map(\.principal.subject) == [nil, "Jo@example.test"])
        }
    }

    @Test("A subject that the file could not hold makes no token", arguments: ["", "a b", "a\nb", "a\u{1b}[0m"])
    func refused(subject: String) async throws {
        try await withFolder { folder in
            let file = TokenFile(path: folder + "/tokens")
            _ = try create(file, "a")
            #expect(throws: CommandFailure.self) { try create(file, "b", subject: subject) }
            #expect(try file.entries().count == 1)
        }
    }
}
