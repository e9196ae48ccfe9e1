// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import scim_bench

@Suite struct TargetTests {
    @Test(
        "a base URL is taken apart",
        arguments: [
            ("http://127.0.0.1:8080/scim/v2", "127.0.0.1:8080", "/scim/v2"),
            ("http://127.0.0.1:8080/scim/v2//", "127.0.0.1:8080", "/scim/v2"),
            ("http://localhost", "localhost:80", ""), ("http://[::1]:9/a%20b/", "[::1]:9", "/a%20b"),
            ("http://127.9.9.9:1", "127.9.9.9:1", ""),
        ])
    func accepted(text: String, authority: String, path: String) throws {
        let target = try Target(text, allowingRemote: false)
        #expect(target.authority == authority)
        #expect(target.path == path)
    }

    @Test(
        "another machine is only loaded when that was allowed",
        arguments: [
            "http://192.0.2.1/scim/v2", "http://scim.example.org/", "http://127.0.0.1.example.org/", "http://127.0.0/",
            "http://127.0.0.256/", "http://0.0.0.0/",
        ])
    func remote(text: String) throws {
        #expect(throws: BenchFailure.self) { try Target(text, allowingRemote: false) }
        #expect(throws: Never.self) { try Target(text, allowingRemote: true) }
    }

    @Test(
        "what is no plain base URL is refused",
        arguments: [
            "", "127.0.0.1:8080", "/scim/v2", "https://127.0.0.1/", "ftp://127.0.0.1/", "http://me@127.0.0.1/",
            "http://127.0.0.1/?a=b", "http://127.0.0.1/#a",
        ])
    func refused(text: String) {
        #expect(throws: BenchFailure.self) { try Target(text, allowingRemote: true) }
    }

    @Test(
        "a password in the database URL is noticed",
        arguments: [
            ("postgresql://scim:secret@127.0.0.1/scim", true), ("postgresql://127.0.0.1/scim?password=x", true),
            ("host=/run password=x", true), ("postgresql://scim@127.0.0.1:5432/scim", false),
            ("postgresql://127.0.0.1:5432/a@b:c", false), ("host=/run dbname=scim", false),
        ])
    func password(url: String, holdsPassword: Bool) {
        #expect(DatabaseOptions.holdsPassword(url) == holdsPassword)
    }
}
