// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import NIOSSL

/// The base of a SCIM service under load, such as `http://127.0.0.1:8080/scim/v2`.
struct Target: Sendable, Equatable {
    /// Whether it is spoken to with TLS, whose certificates are always checked.
    let isSecure: Bool
    /// PEM file of the authorities to trust; nil: the system's.
    let authorities: String?
    let host: String
    let port: Int
    /// Without a slash at its end; empty when the service is at the root.
    let path: String

    /// - Throws: ``BenchFailure`` for another scheme than `http` and `https`, for authorities that cannot be read or are not needed, and for
    ///   a remote host unless that was allowed: a load generator must not hit a service by a slip of the keyboard.
    init(_ text: String, allowingRemote: Bool, authorities: String? = nil) throws(BenchFailure) {
        guard let components = URLComponents(string: text), let found = components.host, !found.isEmpty else {
            throw BenchFailure(
                "\"\(text)\" is no URL. Give the base of the SCIM service: http://127.0.0.1:8080/scim/v2")
        }
        guard let scheme = components.scheme, scheme == "http" || scheme == "https" else {
            throw BenchFailure("\"\(text)\" begins with neither http:// nor https://")
        }
        guard components.user == nil, components.query == nil, components.fragment == nil else {
            throw BenchFailure(
                "\"\(text)\" must be a base URL without user, query and fragment; the token has an option")
        }
        isSecure = scheme == "https"
        if let authorities {
            guard isSecure else {
                throw BenchFailure("--ca-file is given, but \"\(text)\" has no certificate to check; use https://")
            }
            try Self.check(authorities)
        }
        self.authorities = authorities
        host = found.trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
        port = components.port ?? (isSecure ? 443 : 80)
        var path = components.percentEncodedPath
        while path.hasSuffix("/") { path.removeLast() }
        self.path = path
        guard allowingRemote || Self.isLoopback(host) else {
            throw BenchFailure("\(host) is not this machine. Add --allow-remote if it may be put under full load")
        }
    }

    /// The value of the header `Host`.
    var authority: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// Scheme, host and port.
    var origin: String { "\(isSecure ? "https" : "http")://\(authority)" }

    /// Of the client's side.
    var tls: TLSConfiguration {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        if let authorities { tls.trustRoots = .file(authorities) }
        return tls
    }

    /// What the server is asked for by name; nil for an address, which TLS has no place for (RFC 6066 section 3).
    var serverName: String? { host.contains(":") || Self.isIPv4(host) ? nil : host }

    private static func check(_ authorities: String) throws(BenchFailure) {
        let certificates = try? NIOSSLCertificate.fromPEMFile(authorities)
        guard certificates?.isEmpty == false else {
            throw BenchFailure("--ca-file: \(authorities) cannot be read, or has no certificate in PEM")
        }
    }

    private static func isIPv4(_ host: String) -> Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { UInt8($0) != nil }
    }

    static func isLoopback(_ host: String) -> Bool {
        if host == "localhost" || host == "::1" { return true }
        return isIPv4(host) && host.hasPrefix("127.")
    }
}
