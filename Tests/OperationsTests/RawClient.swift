// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// A TCP client that behaves as no HTTP library would.
final class RawClient: Sendable {
    private let descriptor: Int32

    init() {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var limit = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    func connect(to port: Int) throws {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(status == 0)
    }

    func send(_ text: String) throws {
        let bytes = Array(text.utf8)
        try #require(Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count)
    }

    func sendLater(_ text: String, after delay: Duration) {
        Task {
            try await Task.sleep(for: delay)
            try self.send(text)
        }
    }

    /// Whether something has arrived; it is not read.
    func hasAnswer() -> Bool {
        var byte: UInt8 = 0
        return recv(descriptor, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT)) == 1
    }

    /// Whether the server has ended the connection, after it has been read to its end.
    func isClosedByServer() -> Bool {
        _ = readAll()
        var byte: UInt8 = 0
        let count = recv(descriptor, &byte, 1, Int32(MSG_DONTWAIT))
        // Only a failure sets `errno`.
        return count == 0 || (count < 0 && errno != EAGAIN)
    }

    /// Everything until the server ends the connection.
    func readAll() -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += buffer[..<count]
        }
    }

    /// - Throws: When `condition` does not come true in 30 s.
    func waitUntil(_ condition: () -> Bool) async throws {
        let end = ContinuousClock.now + .seconds(30)
        while !condition() {
            try #require(ContinuousClock.now < end, "the condition did not come true in 30 s")
            try await Task.sleep(for: .milliseconds(10))
        }
    }
}

/// The client stays connected until `body` has ended.
func withRawClient(_ body: (RawClient) async throws -> Void) async throws {
    let client = RawClient()
    try await body(client)
    withExtendedLifetime(client) {}
}
