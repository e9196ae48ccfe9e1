// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// The base of a SCIM service under load, such as `http://127.0.0.1:8080/scim/v2`.
struct Target: Sendable, Equatable {
    let host: String
    let port: Int
    /// Without a slash at its end; empty when the service is at the root.
    let path: String

    /// - Throws: ``BenchFailure`` for another scheme than `http`, and for a remote host unless that was allowed: a load
    ///   generator must not hit a service by a slip of the keyboard.
    init(_ text: String, allowingRemote: Bool) throws(BenchFailure) {
        guard let components = URLComponents(string: text), let found = components.host, !found.isEmpty else {
            throw BenchFailure(
                "\"\(text)\" is no URL. Give the base of the SCIM service: http://127.0.0.1:8080/scim/v2")
        }
        guard components.scheme == "http" else {
            throw BenchFailure("only http:// is measured, not \"\(text)\": TLS would be the generator's cost as well")
        }
        guard components.user == nil, components.query == nil, components.fragment == nil else {
            throw BenchFailure(
                "\"\(text)\" must be a base URL without user, query and fragment; the token has an option")
        }
        host = found.trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
        port = components.port ?? 80
        var path = components.percentEncodedPath
        while path.hasSuffix("/") { path.removeLast() }
        self.path = path
        guard allowingRemote || Self.isLoopback(host) else {
            throw BenchFailure("\(host) is not this machine. Add --allow-remote if it may be put under full load")
        }
    }

    /// The value of the header `Host`.
    var authority: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    static func isLoopback(_ host: String) -> Bool {
        if host == "localhost" || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
