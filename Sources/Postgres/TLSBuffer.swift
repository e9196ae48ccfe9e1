// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import CPostgres
internal import Glibc

/// What OpenSSL has decrypted for a connection and libpq has not taken yet.
enum TLSBuffer {
    private typealias Pending = @convention(c) (UnsafeMutableRawPointer?) -> Int32

    /// OpenSSL's `SSL_pending`, from the library that libpq itself is linked with; nil where libpq has none.
    private static let pending: Pending? = dlsym(nil, "SSL_pending").map { unsafeBitCast($0, to: Pending.self) }

    static func isFilled(of connection: OpaquePointer) -> Bool {
        guard let pending, PQsslInUse(connection) == 1, let session = PQsslStruct(connection, "OpenSSL") else {
            return false
        }
        return pending(session) > 0
    }
}
