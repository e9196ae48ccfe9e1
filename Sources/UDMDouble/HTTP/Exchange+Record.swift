// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import JSON

/// What is known of a request before it is carried out.
extension Exchange {
    static func isJSON(_ contentType: String?) -> Bool {
        let type = contentType?.lowercased() ?? ""
        return type.hasPrefix("application/json")
    }

    /// Hexadecimal digits and hyphens, at most 36; a new one if nothing is sent.
    static func stripped(_ requestID: String?) -> String {
        guard let requestID else { return ObjectUUID.random(version: 4) }
        let allowed = requestID.utf8.filter { Hex.value(of: $0) != nil || $0 == UInt8(ascii: "-") }
        return String(decoding: allowed.prefix(36), as: UTF8.self)
    }

    private var isWrite: Bool { ["POST", "PUT", "PATCH", "DELETE"].contains(head.method.rawValue) }

    private var properties: JSONObject? { parsedBody?["properties"]?.objectValue }

    var namingProperty: String? { route.module?.namingProperty }

    /// The name that the body sets.
    var name: String? { namingProperty.flatMap { properties?[$0]?.stringValue } }

    /// The object that a write is about: its identifier if it has one or is given one, else its name.
    var writtenObject: (key: String, identifier: String?)? {
        guard isWrite else { return nil }
        let given = properties?["univentionObjectIdentifier"]?.stringValue
        switch route {
        case .object(_, let dn):
            let identifier = double.contract.withDirectory { $0.entry(named: dn.key)?.identifier } ?? given
            return (identifier ?? dn.key, identifier)
        case .collection: return given.map { ($0, $0) }
        default: return nil
        }
    }

    var record: RecordedRequest {
        RecordedRequest(
            sequence: 0, started: started, method: head.method.rawValue, path: head.path ?? "/",
            module: route.module?.name,
            body: body.flatMap {
                PasswordMask.text($0, parsed: parsedBody, limit: double.configuration.recordedBodyBytes)
            }, bodyBytes: body?.count ?? 0, requestID: head.headerFields[.requestID],
            ifMatch: head.headerFields[.ifMatch], isCommitted: false, effects: [])
    }

    var target: FaultPlan.Target {
        let path = head.path ?? "/"
        var texts = [PercentCoding.decode(path[...]) ?? path]
        if let name { texts.append(name) }
        return FaultPlan.Target(
            method: head.method.rawValue, module: route.module?.name, texts: texts,
            properties: Set(properties?.keys ?? []), hasName: name != nil)
    }
}

/// Answers that do not come from the contract.
extension Answer {
    static func unauthorized(challenge: String) -> Answer {
        var answer = Answer(401)
        answer.headers = [(.wwwAuthenticate, challenge)]
        return answer
    }

    /// Of the process in front of the server's processes.
    static var gatewayStarting: Answer {
        var answer = Answer(503)
        answer.contentType = "application/json"
        answer.headers = [(.retryAfter, "3")]
        answer.body = JSONValue.string("The Univention Directory Manager REST API is currently not reachable.")
            .serialize()
        return answer
    }

    /// Of a proxy, about an object that the server has answered for.
    static func html(_ status: Int, _ reason: String, like other: Answer? = nil) -> Answer {
        var answer = Answer(status)
        answer.contentType = "text/html"
        let title = "\(status) \(reason)"
        answer.body = Array(
            "<html>\r\n<head><title>\(title)</title></head>\r\n<body><h1>\(title)</h1></body>\r\n</html>\r\n".utf8)
        answer.identifier = other?.identifier
        answer.dn = other?.dn
        return answer
    }
}
