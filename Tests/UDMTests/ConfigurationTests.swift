// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Logging
import SCIM
import Testing
import UDM

@Suite struct ConfigurationTests {
    private static func configuration(
        baseURL: String = "https://id.example.org/univention/udm/", username: String = "svc-scim",
        password: String = "secret-42"
    ) -> UDMConfiguration {
        UDMConfiguration(baseURL: baseURL, username: username, password: password)
    }

    @Test("a sound configuration has no problems")
    func sound() {
        #expect(Self.configuration().problems.isEmpty)
        #expect(Self.configuration(baseURL: "http://127.0.0.1:9979/udm/").problems.isEmpty)
        #expect(Self.configuration(baseURL: "http://[::1]:9979/udm/").problems.isEmpty)
    }

    @Test(
        "a base URL that cannot work is named",
        arguments: [
            ("id.example.org/udm/", "http"), ("ftp://id.example.org/udm/", "http"), ("https:///udm/", "host"),
            ("https://:443/udm/", "host"), ("https://id.example.org/udm", "slash"),
            ("https://a:b@id.example.org/udm/", "credentials"), ("https://id.example.org/udm/?a=b/", "query"),
            ("https://id.example.org/\u{FC}/", "ASCII"), ("https://id.example.org/a b/", "ASCII"),
        ])
    func baseURL(text: String, problem: String) {
        let problems = Self.configuration(baseURL: text).problems
        #expect(problems.count == 1)
        #expect(problems.first?.contains(problem) == true)
    }

    @Test("credentials that Basic would garble are refused at the start")
    func credentials() async throws {
        for (username, password) in [
            ("j\u{FC}rgen", "x"), ("svc", "p\u{E4}ss"), ("svc:scim", "x"), ("", "x"), ("svc", ""), ("svc", "a\nb"),
        ] {
            let configuration = Self.configuration(username: username, password: password)
            #expect(throws: UDMConfigurationError.self, "\(username) \(password)") {
                _ = try UDMClient(configuration: configuration, logger: Logger(label: "tests"))
            }
        }
    }

    @Test("every problem is named at once")
    func several() {
        var configuration = Self.configuration(baseURL: "https://id.example.org", username: "", password: "")
        configuration.timeout = .zero
        configuration.connectTimeout = .zero
        configuration.maximumConnections = 0
        configuration.maximumAnswerBytes = 0
        #expect(configuration.problems.count == 7)
    }

    @Test("trust roots that are not there are refused at the start")
    func trustRoots() {
        var configuration = Self.configuration()
        configuration.trustRootsFile = "/nonexistent/ca.pem"
        #expect(throws: UDMConfigurationError.self) {
            _ = try UDMClient(configuration: configuration, logger: Logger(label: "tests"))
        }
    }

    @Test("the password is in no description")
    func masked() {
        let configuration = Self.configuration()
        var dumped = ""
        dump(configuration, to: &dumped)
        for text in ["\(configuration)", String(reflecting: configuration), dumped] {
            #expect(!text.contains("secret-42"))
        }
    }

    @Test(
        "UDM gets the client's UUID, or one that always belongs to the client's text",
        arguments: [
            ("5D0C6A4E-7A2B-4C55-9A3E-0D4F5B1C2E3F", "5d0c6a4e-7a2b-4c55-9a3e-0d4f5b1c2e3f"),
            ("abc", "bff61669-9726-51d7-be10-e9d88585d093"), ("req/4711", "4677387a-df58-5f0f-92bc-1d21fb5d0039"),
            ("", "c7ab73d2-1faf-5853-969a-d483d0e57e4b"), ("\u{FC}", "9ab7acfd-7813-5012-afbe-e046e2dc1f62"),
        ])
    func requestIdentifier(text: String, expected: String) {
        #expect(RequestIdentifier.udm(for: text).description == expected)
    }

    @Test(
        "Retry-After in seconds or as a date",
        arguments: [
            ("15", Duration.seconds(15)), (" 3 ", .seconds(3)), ("0", .zero),
            ("Sat, 21 Nov 2026 10:00:30 GMT", .seconds(30)), ("Sat, 21 Nov 2026 09:00:00 GMT", .zero),
            ("Tue, 29 Feb 2028 00:00:00 GMT", .seconds(40_140_000)),
        ])
    func retryAfter(text: String, expected: Duration) throws {
        let now = try #require(Timestamp(iso8601: "2026-11-21T10:00:00Z"))
        #expect(RetryAfter.parse(text, now: now) == expected)
    }

    @Test(
        "a Retry-After that is neither is ignored",
        arguments: ["", "soon", "-1", "1.5", "Sat, 21 Foo 2026 10:00:30 GMT", "Sat, 21 Nov 2026 25:00:00 GMT"])
    func brokenRetryAfter(text: String) {
        #expect(RetryAfter.parse(text, now: .now()) == nil)
    }

    @Test("what a filter would read as its own is escaped")
    func filter() {
        #expect(UDMFilter.equality("username", "a*(b)\\c\0") == "username=a\\2a\\28b\\29\\5cc\\00")
        #expect(UDMFilter.equality("username", "j\u{F6}") == "username=j\u{F6}")
    }

    @Test("a random password has its 32 characters in the right kinds and is never the same")
    func randomPassword() {
        var seen: Set<String> = []
        for _ in 0..<100 {
            let password = RandomPassword.make()
            #expect(password.count == 32)
            #expect(password.filter { ("a"..."z").contains($0) }.count == 10)
            #expect(password.filter { ("A"..."Z").contains($0) }.count == 10)
            #expect(password.filter { ("0"..."9").contains($0) }.count == 8)
            #expect(password.filter { !$0.isLetter && !$0.isNumber }.count == 4)
            #expect(password.utf8.allSatisfy { (0x21...0x7E).contains($0) })
            seen.insert(password)
        }
        #expect(seen.count == 100)
        let properties = RandomPassword.properties()
        #expect(properties["overridePWHistory"] == true)
        #expect(properties["overridePWLength"] == true)
    }
}
