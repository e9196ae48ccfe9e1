// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import SCIM
internal import Storage

/// The security event token that tells how an operation ended (RFC 9967 section 2.5, RFC 8417).
///
/// The token is not signed: it is fetched from its issuer, over TLS, with the client's own token.
struct TransactionToken: Sendable {
    /// The event that says how an asynchronous request ended.
    static let event = "urn:ietf:params:scim:event:misc:asyncresp"

    let claims: JSONObject

    /// - Parameters:
    ///   - isBulk: The `txn` of one operation of several has its number.
    ///   - issuer: Such as `https://host/scim/v2`.
    /// - Returns: nil for an operation that has not ended.
    init?(_ progress: TransactionProgress, of transaction: LowercaseUUID, isBulk: Bool, issuer: String, client: String)
    {
        let operation = progress.operation
        var payload: JSONObject = ["method": .string(operation.method)]
        if let bulkID = operation.bulkID { payload["bulkId"] = .string(bulkID) }
        let ended: Timestamp
        switch progress.state {
        case .open: return nil
        case .finished(let time):
            ended = time
            if let revision = operation.revision { payload["version"] = .string(ResourceRenderer.etag(revision)) }
            if let path = Self.path(operation) { payload["location"] = .string(issuer + path) }
            payload["status"] = .string(String(operation.status))
            if let error = operation.error, let body = try? JSONValue(parsing: error) { payload["response"] = body }
        case .failed(let time, let error):
            ended = time
            let error = Self.error(error)
            // As in a bulk response: a create that failed has no address.
            if operation.method != RequestMethod.post.name, let path = Self.path(operation) {
                payload["location"] = .string(issuer + path)
            }
            payload["status"] = .string(String(error.status))
            payload["response"] = error.json
        }
        let number = isBulk ? progress.number : nil
        var claims: JSONObject = [
            "iss": .string(issuer), "aud": .string(client),
            "iat": .number(JSONNumber(ended.microsecondsSinceEpoch / 1_000_000)),
            "jti": .string("\(transaction):\(progress.number)"),
            "txn": .string(Transaction(id: transaction, number: number).description),
        ]
        if let path = Self.path(operation) {
            claims["sub_id"] = ["format": "scim", "uri": .string(path)]
        }
        claims["events"] = .object(JSONObject(uniqueMembers: [(Self.event, .object(payload))]))
        self.claims = claims
    }

    /// As an unsecured JWT (RFC 7519 section 6).
    var jwt: String {
        let header = JSONObject(uniqueMembers: [("alg", "none"), ("typ", "secevent+jwt")])
        return "\(base64URL(header.serialize())).\(base64URL(claims.serialize()))."
    }

    private static func path(_ operation: TransactionOperation) -> String? {
        guard let type = operation.type, let id = operation.id else { return nil }
        return "\(type.endpoint)/\(id)"
    }

    /// What UDM said, in the terms of SCIM. A status that is none would be our own mistake, so it is told as one.
    private static func error(_ stored: [UInt8]?) -> SCIMError {
        guard let stored, let body = try? JSONValue(parsing: stored),
            let status = body["status"]?.stringValue.flatMap({ Int($0) })
        else { return .internalError("The directory refused the write, and its reason is not known any more") }
        return SCIMError(
            status: status, scimType: body["scimType"]?.stringValue.flatMap { SCIMError.ScimType(rawValue: $0) },
            detail: body["detail"]?.stringValue ?? "The directory refused the write")
    }
}
