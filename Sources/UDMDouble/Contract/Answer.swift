// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes

/// What the contract answers.
struct Answer: Sendable {
    var status: Int
    var headers: [(name: HTTPField.Name, value: String)] = []
    var contentType: String?
    var body: [UInt8] = []
    var isCommitted = false
    /// Of the object that was asked for, or made.
    var identifier: String?
    var dn: String?

    init(_ status: Int) { self.status = status }

    init(_ refusal: Refusal, address: String, contentType: String) {
        let document = ErrorDocument(refusal)
        self.init(document.status)
        self.contentType = contentType
        body = document.bytes(address: address)
        headers.append((.cacheControl, "private, no-cache, no-store, must-revalidate"))
        switch refusal {
        case .directoryDown: headers.append((.retryAfter, "15"))
        case .methodNotAllowed(let methods): headers.append((.allow, methods.joined(separator: ", ")))
        default: break
        }
    }
}
