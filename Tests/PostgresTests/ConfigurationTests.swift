// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import FuzzSupport
import Postgres
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2))) struct ConfigurationTests {
    @Test(
        "A URL that cannot be read is refused without quoting it",
        arguments: [
            "host=h password=Geh31m&nis oops", "postgresql://u:Geh31m&nis@h/d?oops", "Geh31m&nis", "a\0b",
            "postgresql://u:Geh31m/nis@h/d", "postgresql://u:123/Geh31m@h/d", "postgresql://u:oops@Geh31m@h/d",
        ])
    func unreadableURL(url: String) async throws {
        let error = try #require(await openingError(PostgresConfiguration(url: url)))
        #expect(error.kind == .connectionFailed && !error.canRetry)
        #expect(!"\(error)".contains("Geh31m") && !"\(error)".contains("oops"))
    }

    @Test("Nobody listening is an error at once")
    func refused() async throws {
        let start = ContinuousClock.now
        let error = try #require(
            await openingError(PostgresConfiguration(url: "postgresql://postgres@127.0.0.1:1/postgres")))
        #expect(error.kind == .connectionFailed && error.canRetry)
        #expect(ContinuousClock.now - start < .seconds(4))
    }

    @Test("The TLS mode and the authorities count for a URL that has none of its own")
    func tls() async throws {
        let server = try await PostgresServer.start()
        let certificates = try RedisCertificates()
        defer { certificates.remove() }
        var configuration = server.configuration
        configuration.sslMode = "verify-full"
        configuration.sslRootCertificate = certificates.authorityFile
        // The server does not speak TLS yet.
        #expect(await openingError(configuration)?.kind == .connectionFailed)

        let pair = try certificates.sign("server", names: "IP:127.0.0.1")
        try await withConnection(server.configuration) { connection async throws in
            for (setting, file) in [("ssl_cert_file", pair.certificateFile), ("ssl_key_file", pair.keyFile)] {
                let path = "\(server.directory)/\(setting)"
                try Data(contentsOf: URL(fileURLWithPath: file)).write(to: URL(fileURLWithPath: path))
                chmod(path, 0o600)
                if let user = getpwnam("postgres"), geteuid() == 0 {
                    chown(path, user.pointee.pw_uid, user.pointee.pw_gid)
                }
                try await connection.run("ALTER SYSTEM SET \(setting) = '\(path)'")
            }
            try await connection.run("ALTER SYSTEM SET ssl = on")
        }
        try await server.restart()
        #expect(await openingError(configuration) == nil)
        var stranger = configuration
        stranger.sslRootCertificate = pair.certificateFile
        #expect(await openingError(stranger)?.message.contains("certificate") == true)
        // What the URL says wins.
        stranger.url += "?sslmode=disable"
        #expect(await openingError(stranger) == nil)
        configuration.url = configuration.url.replacing("127.0.0.1", with: "localhost")
        #expect(await openingError(configuration)?.message.contains("localhost") == true)
        try await server.stop()
    }

    @Test("A server that has no connection left says so, and a retry can help")
    func tooManyConnections() async throws {
        let shared = try await PostgresForTests.configuration()
        let role = "limited_\(String(UInt64.random(in: .min ... .max), radix: 36))"
        try await withConnection(shared) { connection async throws in
            try await connection.run("CREATE ROLE \(role) LOGIN CONNECTION LIMIT 1 PASSWORD '\(role)'")
            var configuration = shared
            configuration.url += (shared.url.contains("?") ? "&" : "?") + "user=\(role)"
            configuration.password = role
            let error = try await withConnection(configuration) { _ in await openingError(configuration) }
            #expect(error?.kind == .connectionFailed && error?.canRetry == true)
            #expect(error?.message.contains("too many connections") == true)
            try await wait(until: "the connection is free again") { await openingError(configuration) == nil }
            try await wait(until: "nobody uses the role") {
                try await connection.ints("SELECT count(*) FROM pg_stat_activity WHERE usename = '\(role)'") == [0]
            }
            try await connection.run("DROP ROLE \(role)")
        }
    }
}

@Suite struct BackoffTests {
    @Test(
        "The wait is random, grows with the failures, and stays below the cap",
        arguments: [0, 1, 2].map { $0 + SeededGenerator.seedOffset })
    func waits(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var backoff = Backoff(base: .milliseconds(50), cap: .seconds(2))
        var limit = Duration.milliseconds(50)
        for failures in 0..<40 {
            #expect(backoff.failures == failures)
            let wait = backoff.next(using: &generator)
            #expect(wait >= .zero && wait <= min(limit, .seconds(2)), "seed \(seed)")
            limit = min(limit * 2, .seconds(2))
        }
        let waits = (0..<200).map { _ in backoff.next(using: &generator) }
        #expect(Set(waits).count > 100, "seed \(seed)")
        #expect(waits.contains { $0 > .seconds(1) } && waits.contains { $0 < .seconds(1) }, "seed \(seed)")
        backoff.reset()
        #expect(backoff.next(using: &generator) <= .milliseconds(50), "seed \(seed)")
    }
}
