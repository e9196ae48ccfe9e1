// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import NIOSSL

enum RedisTLS {
    /// A context that verifies the server's certificate and name; reads the files anew.
    static func context(_ files: RedisConfiguration.TLS) throws(RedisError) -> NIOSSLContext {
        var settings = TLSConfiguration.makeClientConfiguration()
        settings.minimumTLSVersion = .tlsv12
        settings.certificateVerification = .fullVerification
        if let file = files.authorityFile {
            settings.trustRoots = .certificates(
                try read("authorities", file) { try NIOSSLCertificate.fromPEMFile(file) })
        }
        if let file = files.certificateFile {
            guard let keyFile = files.keyFile else {
                throw RedisError(.configuration, "the Redis client certificate \(file) has no key file")
            }
            settings.certificateChain = try read("client certificate", file) {
                try NIOSSLCertificate.fromPEMFile(file).map { .certificate($0) }
            }
            settings.privateKey = try read("client key", keyFile) {
                .privateKey(try NIOSSLPrivateKey(file: keyFile, format: .pem))
            }
        }
        let complete = settings
        return try read("TLS settings", "") { try NIOSSLContext(configuration: complete) }
    }

    private static func read<Value>(
        _ what: String, _ file: String, _ body: () throws -> Value
    ) throws(RedisError) -> Value {
        do {
            return try body()
        } catch {
            throw RedisError(.configuration, "the Redis \(what) \(file) cannot be used: \(error)")
        }
    }
}
