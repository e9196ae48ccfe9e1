// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// The limits of one run of the load.
struct LoadWindow: Sendable, Equatable {
    /// Requests are sent but not measured.
    var warmUp: Duration
    var measured: Duration
    /// How long an answer may take; after that the request has failed and its connection is closed.
    var answerLimit: Duration = .seconds(10)
    /// Over all connections, warm-up included; the run ends when they are used up.
    var maximumRequests = 1_000_000

    /// A connection that failed this often says nothing new.
    static let failuresPerConnection = 10
}
