// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// Why a Redis command gave no usable reply.
///
/// Never carries a command's arguments, so a password cannot reach a log through it.
package struct RedisError: Error, Sendable, Hashable {
    /// What went wrong, and whether Redis may have carried the command out.
    package enum Kind: Sendable, Hashable {
        /// Redis answered with an error; ``RedisError/prefix`` is its first word.
        case server
        /// No connection at the moment: the command was not sent. Callers are told at once, not after a timeout.
        case notConnected
        /// The connection could not be made: address, TCP, TLS or the hand-shake.
        case connectFailed
        /// The connection was lost while the command was under way.
        case connectionLost
        /// No reply within the command timeout. The connection is closed, as later replies could not be matched.
        case timeout
        /// Too many commands are under way; the command was not sent.
        case overloaded
        /// The bytes received are not RESP2, or beyond the limits for size and nesting.
        case protocolViolation
        /// The reply is legal but not of the form the caller understands.
        case unexpectedReply
        /// A setting of ours is wrong, such as an unreadable URL or certificate.
        case configuration
        /// The server works but must not be used: its version or its `maxmemory-policy`.
        case unsuitableServer
        /// The caller's task was cancelled while it waited.
        case cancelled
        /// The client was closed.
        case shutDown
    }

    package let kind: Kind
    /// The first word of the server's error, such as `NOSCRIPT`, `LOADING`, `READONLY`, `OOM`, `BUSY`, `WRONGPASS` or
    /// `MOVED`; `nil` for every other kind.
    package let prefix: String?
    /// A sentence for logs and operators.
    package let message: String
    /// The command may have had its effect although no reply arrived.
    package let mayHaveRun: Bool

    package init(_ kind: Kind, _ message: String, mayHaveRun: Bool = false) {
        self.kind = kind
        self.prefix = nil
        self.message = message
        self.mayHaveRun = mayHaveRun
    }

    init(kind: Kind, prefix: String?, message: String) {
        self.kind = kind
        self.prefix = prefix
        self.message = message
        mayHaveRun = false
    }

    /// The error reply of a server, such as `WRONGPASS invalid username-password pair or user is disabled.`
    package init(serverMessage: String) {
        let word = Self.scriptError(in: serverMessage) ?? serverMessage.prefix { $0 != " " }
        kind = .server
        prefix = word.isEmpty ? nil : String(word)
        message = serverMessage
        mayHaveRun = false
    }

    /// The first word of what a command said to the script that called it. Before version 7 Redis wraps it:
    /// `ERR Error running script (call to f_…): @user_script:1: @user_script: 1: -READONLY You can't write …`
    private static func scriptError(in message: String) -> Substring? {
        guard message.hasPrefix("ERR Error running script"), let start = message.firstRange(of: ": -")?.upperBound
        else { return nil }
        let word = message[start...].prefix { $0.isASCII && $0.isUppercase }
        return word.isEmpty ? nil : word
    }

    /// The same command can succeed later without anybody changing a setting.
    package var canRetry: Bool {
        switch kind {
        case .server:
            prefix.map(RedisError.transientPrefixes.contains) ?? false
        case .notConnected, .connectFailed, .connectionLost, .timeout, .overloaded: true
        case .protocolViolation, .unexpectedReply, .configuration, .unsuitableServer, .cancelled, .shutDown: false
        }
    }

    /// Errors of a server that starts, fails over, is full or is held up by another script.
    private static let transientPrefixes: Set<String> = [
        "LOADING", "READONLY", "OOM", "BUSY", "MASTERDOWN", "NOREPLICAS", "CLUSTERDOWN", "TRYAGAIN", "MOVED", "ASK",
        "MISCONF", "NOSCRIPT", "UNBLOCKED",
    ]
}

extension RedisError: CustomStringConvertible {
    package var description: String { message }
}
