// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// One server to try: libpq would give all hosts and addresses of a URL one deadline together, so that a first one that is silent leaves no
/// time for the others.
struct ConnectionTarget: Hashable, Sendable {
    /// A name, which certificates are checked against, or a directory with a socket; empty for libpq's default.
    var host: String
    /// Numeric; empty when `host` needs no resolution.
    var address: String
    /// Empty for the default.
    var port: String

    /// Every server that the settings of a URL name, in their order, names resolved to all their addresses. Blocks for name resolution.
    ///
    /// - Returns: Empty where the choice is libpq's own: without a host, with lists that do not fit each other, and when a standby is
    ///   preferred, which takes two rounds over all hosts.
    static func all(in settings: [String: String]) -> [ConnectionTarget] {
        let hosts = list(settings["host"])
        let addresses = list(settings["hostaddr"])
        let ports = list(settings["port"])
        let count = max(hosts.count, addresses.count)
        guard count > 0, settings["service"] == nil, settings["target_session_attrs"] != "prefer-standby",
            hosts.isEmpty || hosts.count == count, addresses.isEmpty || addresses.count == count,
            ports.count <= 1 || ports.count == count
        else { return [] }
        return (0..<count).flatMap { index in
            let host = hosts.isEmpty ? "" : hosts[index]
            let address = addresses.isEmpty ? "" : addresses[index]
            let port = ports.count > 1 ? ports[index] : ports.first ?? ""
            let isName = address.isEmpty && !host.isEmpty && !host.hasPrefix("/") && !host.hasPrefix("@")
            // A name that cannot be resolved is left to libpq, which says why.
            let resolved = isName ? resolve(host) : []
            return (resolved.isEmpty ? [address] : resolved).map {
                ConnectionTarget(host: host, address: $0, port: port)
            }
        }
    }

    private static func list(_ text: String?) -> [String] {
        guard let text, !text.isEmpty else { return [] }
        return text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }

    /// The numeric addresses of a name, in the order of the system's preference.
    private static func resolve(_ host: String) -> [String] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var first: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &first) == 0 else { return [] }
        defer { freeaddrinfo(first) }
        var addresses: [String] = []
        var next = first
        while let entry = next {
            next = entry.pointee.ai_next
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let code = getnameinfo(
                entry.pointee.ai_addr, entry.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
            guard code == 0 else { continue }
            let address = text.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
            if !addresses.contains(address) { addresses.append(address) }
        }
        return addresses
    }
}
