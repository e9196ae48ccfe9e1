// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// A request of `/Bulk` that creates users (RFC 7644 section 3.7).
enum BulkRequest {
    /// What is announced as `maxOperations` by most servers.
    static let operations = 1000

    static func body(_ users: some Sequence<DirectoryUser>) -> [UInt8] {
        let operations = users.enumerated().map { index, user -> JSONValue in
            ["method": "POST", "path": "/Users", "bulkId": .string("u\(index)"), "data": user.resource]
        }
        let request: JSONValue = [
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": .array(operations),
        ]
        return request.serialize()
    }
}

/// What became of the operations of a ``BulkRequest``.
struct BulkOutcome: Sendable, Equatable {
    var created = 0
    /// Answered with 409: they were there before.
    var present = 0
    /// Answered with 429 or 503, or not at all: to be sent again.
    var postponed = 0
    /// The first other answer.
    var refusal: String?

    /// - Parameters:
    ///   - answer: A `BulkResponse`.
    ///   - sent: How many operations the request had.
    init(_ answer: JSONValue, sent: Int) {
        let operations = answer["Operations"]?.arrayValue ?? []
        for operation in operations {
            // A text in RFC 7644, a number or an object with `code` at some servers.
            let status = operation["status"]
            let code = status?.stringValue ?? status?["code"]?.stringValue ?? status?.integerValue.map { "\($0)" }
            switch code {
            case "201", "200": created += 1
            case "409": present += 1
            case "429", "503": postponed += 1
            default:
                let detail = operation["response"]?["detail"]?.stringValue ?? operation.text
                refusal = refusal ?? "status \(code ?? "none"): \(detail.prefix(300))"
            }
        }
        postponed += max(0, sent - operations.count)
    }
}
