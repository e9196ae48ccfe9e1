// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// A test authority made by openssl, and what it signs; PEM files in a directory that goes away with ``remove()``.
package struct RedisCertificates: Sendable {
    package struct Pair: Sendable {
        package let certificateFile: String
        package let keyFile: String
    }

    private let directory: String
    package var authorityFile: String { "\(directory)/ca.pem" }

    package init() throws {
        guard let template = strdup("/tmp/scim-ca-XXXXXX") else {
            throw GuardedProcess.Failure(description: "no memory")
        }
        defer { free(template) }
        guard mkdtemp(template) != nil else { throw GuardedProcess.Failure(description: "no directory: \(errno)") }
        directory = String(cString: template)
        try GuardedProcess.run([
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
            "2", "-subj", "/CN=Test authority", "-keyout", "\(directory)/ca.key", "-out", authorityFile, "-addext",
            "basicConstraints=critical,CA:TRUE",
        ])
    }

    /// - Parameter names: As in `subjectAltName`, such as `DNS:localhost,IP:127.0.0.1`.
    package func sign(_ file: String, names: String) throws -> Pair {
        let pair = Pair(certificateFile: "\(directory)/\(file).pem", keyFile: "\(directory)/\(file).key")
        let request = "\(directory)/\(file).csr"
        try GuardedProcess.run([
            "openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
            "/CN=\(file)", "-addext", "subjectAltName=\(names)", "-keyout", pair.keyFile, "-out", request,
        ])
        try GuardedProcess.run([
            "openssl", "x509", "-req", "-in", request, "-CA", authorityFile, "-CAkey", "\(directory)/ca.key",
            "-CAcreateserial", "-days", "2", "-copy_extensions", "copy", "-out", pair.certificateFile,
        ])
        return pair
    }

    package func remove() {
        do {
            try GuardedProcess.run(["rm", "-rf", directory])
        } catch {
            print("the test certificates in \(directory) stay: \(error)")
        }
    }
}
