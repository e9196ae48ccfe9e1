// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// One GET on 127.0.0.1 over a connection of its own. A client with a pool tries again by itself when nobody listens yet; here that is an
/// answer, and comes at once.
enum LoopbackRequest {
    struct Answer: Sendable {
        let status: Int
        /// Head and body.
        let text: String
        /// From before the connection to the end of the answer.
        let seconds: Double

        /// Of `/health/ready`: neither starting nor without something that it needs.
        var saysReady: Bool { status == 200 && text.contains("\"status\":\"ok\",\"version\"") }
    }

    /// - Returns: Nil when nobody listens, or when no answer came within `limit`.
    static func get(port: Int, path: String, limit: Duration = .seconds(5)) async -> Answer? {
        await Program.onThread { blockingGet(port: port, path: path, limit: limit) }
    }

    /// As ``get(port:path:limit:)``, for a thread that may wait.
    static func blockingGet(port: Int, path: String, limit: Duration = .seconds(5)) -> Answer? {
        let begin = ContinuousClock.now
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var time = timeval(tv_sec: Int(limit.components.seconds), tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(descriptor, SOL_SOCKET, option, &time, socklen_t(MemoryLayout<timeval>.size))
        }
        var address = LoopbackPort.address(port)
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        let request = Array("GET \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nConnection: close\r\n\r\n".utf8)
        guard isConnected, send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count
        else { return nil }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = recv(descriptor, &part, part.count, 0)
            guard count > 0 else { break }
            bytes += part[..<count]
        }
        let text = String(decoding: bytes, as: UTF8.self)
        let words = text.prefix(32).split(separator: " ")
        guard words.count > 1, words[0] == "HTTP/1.1", let status = Int(words[1]) else { return nil }
        return Answer(status: status, text: text, seconds: (ContinuousClock.now - begin) / .seconds(1))
    }
}
