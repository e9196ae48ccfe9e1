// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Glibc
import NIOHTTP1
import Testing

/// A plain socket, for requests that no HTTP client would send.
struct RawConnection {
    struct Failure: Error { let call: String, code: Int32 }

    /// Sends `bytes` to a loopback port and reads until the server closes or `limit` is over.
    ///
    /// - Parameters:
    ///   - closesWriting: Ends our half of the connection after the bytes, as a client that gives up does.
    ///   - stopsAtAnswer: Does not wait for the server to close, which it need not do.
    static func exchange(
        _ bytes: [UInt8], port: Int, closesWriting: Bool = false, stopsAtAnswer: Bool = false,
        limit: Duration = .seconds(10)
    ) async throws -> [UInt8] {
        try await withCheckedThrowingContinuation { continuation in
            // A thread of its own: the calls block.
            DispatchQueue.global().async {
                continuation.resume(
                    with: Result {
                        try run(
                            bytes, port: port, closesWriting: closesWriting, stopsAtAnswer: stopsAtAnswer, limit: limit)
                    })
            }
        }
    }

    private static func run(_ bytes: [UInt8], port: Int, closesWriting: Bool, stopsAtAnswer: Bool, limit: Duration)
        throws -> [UInt8]
    {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw Failure(call: "socket", code: errno) }
        defer { close(descriptor) }
        var timeout = timeval(tv_sec: Int(limit.components.seconds), tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { throw Failure(call: "connect", code: errno) }
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            // The server may refuse and close before it has read everything; its answer is what counts.
            guard count > 0 else { break }
            sent += count
        }
        if closesWriting { shutdown(descriptor, Int32(SHUT_WR)) }
        var received: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { return received }
            received += buffer[..<count]
            if stopsAtAnswer, (try? RawResponse(received)) != nil { return received }
        }
    }
}

extension Answer {
    /// Reads the first response of a connection.
    init(raw bytes: [UInt8]) throws {
        let text = String(decoding: bytes, as: UTF8.self)
        let head = try #require(text.firstRange(of: "\r\n\r\n"), "no response: \(text.prefix(200))")
        let lines = text[..<head.lowerBound].split(separator: "\r\n")
        let statusLine = try #require(lines.first).split(separator: " ")
        status = try #require(statusLine.count > 1 ? Int(statusLine[1]) : nil)
        var headers = HTTPHeaders()
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            headers.add(
                name: String(line[..<colon]), value: String(line[line.index(after: colon)...].drop { $0 == " " }))
        }
        self.headers = headers
        let rest = [UInt8](text[head.upperBound...].utf8)
        var length = rest.count
        if let announced = headers.first(name: "content-length"), let number = Int(announced) { length = number }
        body = [UInt8](rest.prefix(length))
    }
}
