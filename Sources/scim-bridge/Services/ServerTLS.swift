// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import NIOSSL

/// The certificate that the SCIM port shows.
enum ServerTLS {
    /// - Returns: nil when neither file is set: plain HTTP, for a proxy in front.
    /// - Throws: ``ConfigurationProblems`` when a file cannot be used or the key is not the certificate's.
    static func configuration(_ api: BridgeConfiguration.APISettings) throws -> TLSConfiguration? {
        guard let certificate = api.tlsCertificateFile, let key = api.tlsKeyFile else { return nil }
        let chain = try read("TLS_CERTIFICATE_FILE", certificate) { try NIOSSLCertificate.fromPEMFile(certificate) }
        guard !chain.isEmpty else {
            throw ConfigurationProblems(problems: ["TLS_CERTIFICATE_FILE: \(certificate) has no certificate"])
        }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) },
            privateKey: .privateKey(try read("TLS_KEY_FILE", key) { try NIOSSLPrivateKey(file: key, format: .pem) }))
        configuration.minimumTLSVersion = .tlsv12
        _ = try read("TLS_KEY_FILE", "\(key) with \(certificate)") { try NIOSSLContext(configuration: configuration) }
        return configuration
    }

    private static func read<Value>(_ setting: String, _ file: String, _ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch {
            throw ConfigurationProblems(problems: ["\(setting): \(file) cannot be used: \(error)"])
        }
    }
}
