// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import SCIM

/// Checks that a request body is JSON in UTF-8 that we can read (RFC 7644 section 3.1, RFC 8259 section 8.1).
///
/// `application/scim+json` and `application/json` are taken, with or without a charset, which clients spell in several
/// ways, and a missing header, which has only one sensible meaning here.
enum MediaType {
    static let scim = "application/scim+json"
    static let json = "application/json"
    /// RFC 8417 section 7.2.
    static let securityEvent = "application/secevent+jwt"

    static func check(contentType: String?, contentEncoding: String?) throws(SCIMError) {
        if let contentEncoding, !contentEncoding.equalsIgnoringASCIICase("identity") {
            throw unsupported("Content-Encoding \(quoted(contentEncoding)) is not supported; send the body as it is")
        }
        guard let contentType, contentType != scim else { return }
        let parts = contentType.split(separator: ";", omittingEmptySubsequences: false).map(trimmed)
        guard parts[0].equalsIgnoringASCIICase(scim) || parts[0].equalsIgnoringASCIICase("application/json") else {
            throw unsupported(
                "Content-Type must be application/scim+json or application/json, not \(quoted(contentType))")
        }
        for parameter in parts.dropFirst() {
            let pair = parameter.split(separator: "=", maxSplits: 1).map(trimmed)
            guard pair.count == 2, pair[0].equalsIgnoringASCIICase("charset") else { continue }
            let charset = pair[1].filter { $0 != "\"" && $0 != "'" }
            guard ["utf-8", "utf8", "us-ascii"].contains(where: charset.equalsIgnoringASCIICase) else {
                throw unsupported("JSON is sent in UTF-8; charset \(quoted(charset)) is not supported")
            }
        }
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text.drop { $0 == " " || $0 == "\t" }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return String(text)
    }

    /// A header's value for an error message: short enough whatever was sent.
    private static func quoted(_ value: String) -> String { "\"\(value.prefix(100))\"" }

    private static func unsupported(_ detail: String) -> SCIMError { SCIMError(status: 415, detail: detail) }
}
