// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Postgres
import SCIM
import Testing

@testable import API

@Suite struct PostgresErrorTests {
    @Test(
        "A database that is away or busy is 503",
        arguments: [
            PostgresError(kind: .connectionFailed, message: "m"),
            PostgresError(kind: .connectionLost, message: "m", canRetry: true),
            PostgresError(kind: .timeout, message: "m", sqlState: "57014"),
            PostgresError(kind: .poolTimeout, message: "m"),
            PostgresError(kind: .shutDown, message: "m"), PostgresError(kind: .cancelled, message: "m"),
            PostgresError(kind: .server, message: "m", sqlState: "40001", canRetry: true),
            PostgresError(kind: .server, message: "m", sqlState: "53300", canRetry: true),
        ])
    func unavailable(error: PostgresError) throws {
        let refusal = try #require(SCIMError(error))
        #expect(refusal.status == 503)
        #expect(refusal.retryAfter ?? .zero >= .seconds(1))
        #expect(refusal.detail.contains("nothing was changed"))
    }

    @Test func unknownOutcomeIsSaid() throws {
        let refusal = try #require(
            SCIMError(PostgresError(kind: .connectionLost, message: "m", mayHaveCommitted: true)))
        #expect(refusal.status == 503)
        #expect(refusal.detail.contains("may have taken effect"))
    }

    @Test("A value that is too long is the client's error", arguments: ["22001", "54000"])
    func tooLong(sqlState: String) throws {
        let refusal = try #require(SCIMError(PostgresError(kind: .server, message: "m", sqlState: sqlState)))
        #expect(refusal.status == 400 && refusal.scimType == .invalidValue)
    }

    @Test("Everything else is our fault", arguments: ["42P01", "23505", "22P02", "XX000", nil])
    func fault(sqlState: String?) {
        #expect(SCIMError(PostgresError(kind: .server, message: "m", sqlState: sqlState)) == nil)
        #expect(SCIMError(PostgresError(kind: .decoding, message: "m", sqlState: sqlState)) == nil)
    }
}
