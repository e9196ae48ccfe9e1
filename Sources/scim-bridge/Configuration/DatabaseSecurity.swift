// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// How the connections to PostgreSQL are protected: what `DATABASE_URL` says of it, and what holds where it says nothing.
///
/// libpq's own default, `prefer`, falls back to plain text and verifies nothing. Ours is `verify-full`, except on this machine.
struct DatabaseSecurity {
    /// For a URL without `sslmode`; nil leaves it to libpq.
    let sslMode: String?
    /// For a URL without `sslrootcert`; nil leaves it to libpq, which wants `~/.postgresql/root.crt`.
    let sslRootCertificate: String?

    private let chosenMode: String?
    private let isLocal: Bool
    private let authorityFile: String?
    private let namesAuthority: Bool

    /// The authorities of the system; libpq 15 has no name for them.
    private static let systemAuthorities = [
        "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem",
    ]

    /// - Parameter authorityFile: Of `DATABASE_CA_FILE`.
    init?(url: String, authorityFile: String?) {
        guard let url = SettingURL(url) else { return nil }
        func parameter(_ name: String) -> String? { url.query.last { $0.name == name }?.value }
        let named = (parameter("hostaddr") ?? parameter("host"))?.split(separator: ",").map(String.init)
        isLocal = SettingURL.areLocal(named ?? url.hosts) && parameter("service") == nil
        chosenMode = parameter("sslmode")
        sslMode = chosenMode == nil && !isLocal ? "verify-full" : nil
        self.authorityFile = authorityFile
        namesAuthority = parameter("sslrootcert") != nil
        // libpq takes `require` with a file of authorities for `verify-ca`, so the system's are for those who asked to verify.
        let verifies = sslMode != nil || chosenMode?.hasPrefix("verify") == true
        let system = verifies ? Self.systemAuthorities.first(where: FileManager.default.fileExists(atPath:)) : nil
        sslRootCertificate = authorityFile ?? system
    }

    func problems(allowsPlaintext: Bool) -> [String] {
        var problems: [String] = []
        if namesAuthority && authorityFile != nil {
            problems.append("DATABASE_CA_FILE and sslrootcert in DATABASE_URL are both set: keep one")
        }
        guard !isLocal, !allowsPlaintext, let mode = chosenMode else { return problems }
        switch mode {
        case "verify-full", "verify-ca": break
        case "require" where namesAuthority || authorityFile != nil: break
        case "require":
            problems.append(
                "DATABASE_URL has sslmode=require, which does not verify the server: use verify-full, with DATABASE_CA_FILE for an authority of your own, or set ALLOW_PLAINTEXT=true"
            )
        default:
            problems.append(
                "DATABASE_URL leads over the network without TLS (sslmode=\(mode)): leave sslmode out for verify-full, or set ALLOW_PLAINTEXT=true if something else protects it"
            )
        }
        return problems
    }
}
