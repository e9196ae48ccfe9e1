// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import SCIM

/// The id that ties a request to its log lines, its job and the calls made for it (requirement R-38).
struct RequestID: Sendable, CustomStringConvertible {
    static let maximumLength = 128

    let description: String

    /// Takes the client's `X-Request-ID` if it is 1 to 128 visible ASCII characters; anything else is replaced by a new
    /// UUID, so that no header can forge log lines or grow the job row.
    init(header: String?) {
        if let header, 1...RequestID.maximumLength ~= header.utf8.count, header.utf8.allSatisfy({ 0x21...0x7E ~= $0 }) {
            description = header
        } else {
            description = LowercaseUUID.random().description
        }
    }
}

/// A W3C `traceparent` of version 00, stored with the job; a value of any other shape is dropped.
func acceptedTraceParent(_ header: String?) -> String? {
    guard let header, header.utf8.count == 55 else { return nil }
    let parts = header.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    guard
        parts.map(\.count) == [2, 32, 16, 2], parts[0].elementsEqual("00".utf8),
        parts.allSatisfy({
            $0.allSatisfy { hexadecimalValue($0) != nil && !(UInt8(ascii: "A")...UInt8(ascii: "F") ~= $0) }
        }),
        // An id of zeros only means "no id".
        parts[1].contains(where: { $0 != UInt8(ascii: "0") }), parts[2].contains(where: { $0 != UInt8(ascii: "0") })
    else { return nil }
    return header
}
