// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import scim_bench

@Suite struct TargetTests {
    @Test(
        "a base URL is taken apart",
        arguments: [
            ("http://127.0.0.1:8080/scim/v2", "127.0.0.1:8080", "/scim/v2"),
            ("http://127.0.0.1:8080/scim/v2//", "127.0.0.1:8080", "/scim/v2"),
            ("http://localhost", "localhost:80", ""), ("http://[::1]:9/a%20b/", "[::1]:9", "/a%20b"),
            ("http://127.9.9.9:1", "127.9.9.9:1", ""), ("https://localhost/scim", "localhost:443", "/scim"),
            ("https://127.0.0.1:8443", "127.0.0.1:8443", ""),
        ])
    func accepted(text: String, authority: String, path: String) throws {
        let target = try Target(text, allowingRemote: false)
        #expect(target.authority == authority)
        #expect(target.path == path)
        #expect(target.origin == "\(text.prefix { $0 != ":" })://\(authority)")
        #expect(target.isSecure == text.hasPrefix("https"))
    }

    @Test(
        "a server is asked for by its name, never by its address (RFC 6066 section 3)",
        arguments: [
            ("https://scim.example.org", "scim.example.org"), ("https://localhost", "localhost"),
            ("https://192.0.2.1", nil), ("https://[2001:db8::1]", nil),
        ])
    func serverName(text: String, name: String?) throws {
        #expect(try Target(text, allowingRemote: true).serverName == name)
    }

    @Test("authorities are those of a file with certificates, and for https only")
    func authorities() throws {
        let file = FileManager.default.temporaryDirectory.path + "/no-certificate-\(UInt64.random(in: 0 ... .max)).pem"
        #expect(throws: BenchFailure.self) {
            try Target("https://127.0.0.1", allowingRemote: false, authorities: file)
        }
        try Data("no certificate".utf8).write(to: URL(fileURLWithPath: file))
        defer { try? FileManager.default.removeItem(atPath: file) }
        #expect(throws: BenchFailure.self) {
            try Target("https://127.0.0.1", allowingRemote: false, authorities: file)
        }
        let authority = try RedisCertificates()
        defer { authority.remove() }
        #expect(throws: BenchFailure.self) {
            try Target("http://127.0.0.1", allowingRemote: false, authorities: authority.authorityFile)
        }
        #expect(
            try Target("https://127.0.0.1", allowingRemote: false, authorities: authority.authorityFile).isSecure)
    }

    @Test(
        "another machine is only loaded when that was allowed",
        arguments: [
            "http://192.0.2.1/scim/v2", "https://192.0.2.1/scim/v2", "http://scim.example.org/",
            "http://127.0.0.1.example.org/", "http://127.0.0/",
            "http://127.0.0.256/", "http://0.0.0.0/",
        ])
    func remote(text: String) throws {
        #expect(throws: BenchFailure.self) { try Target(text, allowingRemote: false) }
        #expect(throws: Never.self) { try Target(text, allowingRemote: true) }
    }

    @Test(
        "what is no plain base URL is refused",
        arguments: [
            "", "127.0.0.1:8080", "/scim/v2", "ftp://127.0.0.1/", "http://me@127.0.0.1/",
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
