// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// TCP ports of 127.0.0.1.
package enum LoopbackPort {
    /// Free a moment ago. By default below 32000, where the kernel's ports of clients begin, and so that the bus of a Redis cluster,
    /// 10000 higher, is a port too.
    package static func free(in range: Range<Int> = 20_000..<32_000) throws -> Int {
        for _ in 0..<200 {
            let port = Int.random(in: range)
            if withSocket(port, { descriptor, address, length in bind(descriptor, address, length) == 0 }) {
                return port
            }
        }
        throw GuardedProcess.Failure(description: "no free port")
    }

    package static func answers(_ port: Int) -> Bool {
        withSocket(port) { descriptor, address, length in connect(descriptor, address, length) == 0 }
    }

    private static func withSocket(
        _ port: Int, _ body: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Bool
    ) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
