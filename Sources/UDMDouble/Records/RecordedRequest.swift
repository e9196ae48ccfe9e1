// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import JSON

extension UDMDouble {
    /// A request as it arrived, and what became of it. Times are microseconds since the Unix epoch.
    package struct RecordedRequest: Sendable, Equatable {
        /// 1, 2, 3 … in the order of arrival, through restarts.
        package var sequence: Int
        package var started: Int64
        /// When the answer was ready or the connection was dropped; nil while in progress.
        package var ended: Int64?
        /// When the client went away before the answer.
        package var clientGone: Int64?
        package var method: String
        /// With the query, as sent.
        package var path: String
        /// Nil for paths of no module.
        package var module: String?
        /// The body's text with every password replaced by `***`, cut to the recorder's limit.
        package var body: String?
        package var bodyBytes: Int
        /// As sent, before the server strips it.
        package var requestID: String?
        package var ifMatch: String?
        /// Nil while in progress, and for a connection that was closed without an answer.
        package var status: Int?
        /// Whether it changed anything.
        package var isCommitted: Bool
        /// `univentionObjectIdentifier` of the object, when there is one.
        package var identifier: String?
        /// Of the object, in the end.
        package var dn: String?
        /// The switches that struck it, by name.
        package var effects: [String]
    }
}

/// Outside of this module only the full name is seen.
typealias RecordedRequest = UDMDouble.RecordedRequest

extension RecordedRequest {
    /// One line of the request log, and one element of `GET /-/double/requests`.
    func append(to bytes: inout [UInt8]) {
        bytes.append(contentsOf: "{\"sequence\":\(sequence),\"started\":\(started)".utf8)
        append("ended", ended, to: &bytes)
        append("clientGone", clientGone, to: &bytes)
        append("method", method, to: &bytes)
        append("path", path, to: &bytes)
        append("module", module, to: &bytes)
        append("body", body, to: &bytes)
        append("bodyBytes", Int64(bodyBytes), to: &bytes)
        append("requestID", requestID, to: &bytes)
        append("ifMatch", ifMatch, to: &bytes)
        append("status", status.map(Int64.init), to: &bytes)
        bytes.append(contentsOf: (isCommitted ? ",\"committed\":true" : ",\"committed\":false").utf8)
        append("identifier", identifier, to: &bytes)
        append("dn", dn, to: &bytes)
        if !effects.isEmpty {
            bytes.append(contentsOf: ",\"effects\":".utf8)
            JSONValue.strings(effects).append(to: &bytes)
        }
        bytes.append(UInt8(ascii: "}"))
    }

    private func append(_ name: StaticString, _ value: Int64?, to bytes: inout [UInt8]) {
        guard let value else { return }
        bytes.append(contentsOf: ",\"\(name)\":\(value)".utf8)
    }

    private func append(_ name: StaticString, _ value: String?, to bytes: inout [UInt8]) {
        guard let value else { return }
        bytes.append(contentsOf: ",\"\(name)\":".utf8)
        appendJSONString(value, to: &bytes)
    }

    init?(json: JSONValue) {
        guard let sequence = json["sequence"]?.integerValue, let started = json["started"]?.integerValue,
            let method = json["method"]?.stringValue, let path = json["path"]?.stringValue
        else { return nil }
        self.init(
            sequence: Int(sequence), started: started, ended: json["ended"]?.integerValue,
            clientGone: json["clientGone"]?.integerValue, method: method, path: path,
            module: json["module"]?.stringValue, body: json["body"]?.stringValue,
            bodyBytes: Int(json["bodyBytes"]?.integerValue ?? 0), requestID: json["requestID"]?.stringValue,
            ifMatch: json["ifMatch"]?.stringValue, status: json["status"]?.integerValue.map(Int.init),
            isCommitted: json["committed"]?.boolValue ?? false, identifier: json["identifier"]?.stringValue,
            dn: json["dn"]?.stringValue, effects: json["effects"]?.strings ?? [])
    }

    package var json: JSONValue {
        var bytes: [UInt8] = []
        append(to: &bytes)
        do {
            return try JSONValue(parsing: bytes, limits: JSONLimits(maximumBytes: .max))
        } catch {
            preconditionFailure("a record is written as JSON: \(error)")
        }
    }
}
