// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import NIOHTTP1

/// What one run of the load sends.
protocol RequestSource: Sendable {
    /// The requests of one connection, made and used on that connection's event loop only.
    ///
    /// - Parameter connection: Counted from 0, below `connections`.
    func session(connection: Int, of connections: Int) -> any RequestSession
}

/// The requests of one connection, one after the other.
///
/// Requests are whole and ready to send, head included: the generator shares its cores with what it measures.
protocol RequestSession {
    /// What the answer's framing depends on (RFC 9112 section 6.3).
    var method: HTTPMethod { get }
    /// Whether the bodies of expected answers are needed in ``check(_:body:)``; those of other answers always are.
    var readsBodies: Bool { get }

    /// Bytes of an answer's body that are kept for that; what is longer is cut off.
    var longestBody: Int { get }

    /// Puts the next request into `request`, which holds the one before.
    /// - Returns: False when there are no more.
    mutating func prepare(_ request: inout ByteBuffer) -> Bool

    /// Looks at the answer to the request that was prepared last.
    /// - Returns: What is wrong with it, in few different words, because failures are counted by them; nil when it is
    ///   the expected one.
    mutating func check(_ head: HTTPResponseHead, body: ByteBuffer?) -> String?

    /// Which of several kinds of requests was prepared last, counted from 0; each has latencies of its own. Nil: a step in
    /// between that is not measured.
    var series: Int? { get }

    /// How many writes the answer that was looked at last has accepted; more than one in a bulk request.
    var operations: Int { get }

    /// Accepted resources to read back, if the session keeps any.
    var samples: [ResourceSample] { get }
}

extension RequestSession {
    var series: Int? { 0 }

    var operations: Int { 1 }

    var longestBody: Int { 64 << 10 }

    var samples: [ResourceSample] { [] }
}

/// An accepted resource that is to be read back.
struct ResourceSample: Sendable, Hashable {
    let userName: String
    /// The last segment of the answer's `Location`, as it stands there; nil when there was none.
    let id: String?
    /// What `title` must be; nil: it is `userName` that is compared.
    var title: String?
}
