// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import Hummingbird
internal import JSON
internal import NIOCore

/// The switches and the evidence over HTTP, below `/-/double/`, for clients on the same machine:
///
/// | | |
/// |---|---|
/// | `GET /-/double/` | where what is |
/// | `GET`, `PATCH settings` | ``Settings`` |
/// | `GET`, `POST`, `DELETE faults`; `DELETE faults/<id>` | ``Fault`` |
/// | `POST reset` | all switches off, settings as configured, records forgotten |
/// | `GET requests?after=&limit=` | ``RecordedRequest`` |
/// | `GET objects?identifier=&dn=&module=&after=&limit=&properties=` | ``UDMDouble/StoredObject`` |
/// | `GET check` | ``CheckReport`` |
struct ControlInterface {
    private static let pageSize = 1000

    let double: UDMDouble

    func respond(to request: Request, path: Substring, channel: any Channel) async throws -> Response {
        guard Self.isLocal(channel.remoteAddress) else {
            return Self.answer(.forbidden, ["error": "the control interface is for this machine"])
        }
        let buffer = try await request.body.collect(upTo: 1 << 20)
        let parts = path.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let names = (parts.first ?? "").split(separator: "/").map(String.init)
        do {
            var body: JSONValue = .null
            if buffer.readableBytes > 0 { body = try JSONValue(parsing: Array(buffer.readableBytesView)) }
            let query = QueryParameters(parts.count > 1 ? parts[1] : nil)
            guard let answer = try answer(request.method, names, query, body) else {
                return Self.answer(.notFound, ["error": "there is no \(request.method) \(path)"])
            }
            return answer
        } catch let error as ControlError {
            return Self.answer(.badRequest, ["error": .string(error.description)])
        } catch let error as JSONError {
            return Self.answer(.badRequest, ["error": .string(error.description)])
        }
    }

    private func answer(
        _ method: HTTPRequest.Method, _ path: [String], _ query: QueryParameters, _ body: JSONValue
    ) throws -> Response? {
        switch (method, path.first, path.count) {
        case (.get, nil, _): return Self.answer(.ok, overview)
        case (.get, "settings", 1): return Self.answer(.ok, double.settings.json)
        case (.patch, "settings", 1):
            try double.updateSettings { (settings) throws(ControlError) in try settings.update(body) }
            return Self.answer(.ok, double.settings.json)
        case (.get, "faults", 1): return Self.answer(.ok, ["faults": faults])
        case (.post, "faults", 1):
            let id = double.add(try Fault(json: body))
            return Self.answer(.created, ["id": Self.number(id)])
        case (.delete, "faults", 1):
            for (id, _) in double.faults { double.remove(id) }
            return Self.answer(.ok, ["faults": []])
        case (.delete, "faults", 2):
            guard let id = Int(path[1]), double.remove(id) else { return nil }
            return Self.answer(.ok, ["faults": faults])
        case (.post, "reset", 1):
            double.reset()
            return Self.answer(.ok, ["settings": double.settings.json, "faults": []])
        case (.get, "requests", 1): return try requests(query)
        case (.get, "objects", 1): return try objects(query)
        case (.get, "check", 1): return Self.answer(.ok, double.check().json)
        default: return nil
        }
    }

    private var overview: JSONValue {
        [
            "baseURL": double.baseURL.map(JSONValue.string) ?? .null,
            "baseDN": .string(double.configuration.baseDN),
            "journal": double.configuration.journalDirectory.map(JSONValue.string) ?? .null,
            "settings": double.settings.json, "faults": faults, "check": double.check().json,
            "paths": ["settings", "faults", "reset", "requests", "objects", "check"],
        ]
    }

    private var faults: JSONValue {
        .array(
            double.faults.map { id, fault in
                var object = fault.json.objectValue ?? [:]
                object["id"] = Self.number(id)
                return .object(object)
            })
    }

    private func requests(_ query: QueryParameters) throws(ControlError) -> Response {
        let records = double.requests(
            after: try count(query, "after") ?? 0, limit: try count(query, "limit") ?? Self.pageSize)
        var bytes = Array("{\"requests\":[".utf8)
        for (offset, record) in records.enumerated() {
            if offset > 0 { bytes.append(UInt8(ascii: ",")) }
            record.append(to: &bytes)
        }
        bytes.append(contentsOf: "]}".utf8)
        return Self.answer(.ok, bytes)
    }

    private func objects(_ query: QueryParameters) throws(ControlError) -> Response {
        let properties = query.all("properties")
        let selection = UDMDouble.ObjectSelection(
            identifier: query["identifier"], dn: query["dn"], module: query["module"],
            after: try count(query, "after") ?? 0, limit: try count(query, "limit") ?? Self.pageSize,
            properties: properties.isEmpty ? nil : Set(properties))
        return Self.answer(.ok, ["objects": .array(double.objects(selection).map(\.json))])
    }

    private func count(_ query: QueryParameters, _ name: String) throws(ControlError) -> Int? {
        guard let text = query[name] else { return nil }
        guard let count = Int(text), count >= 0 else { throw ControlError("\(name) must be an integer of at least 0") }
        return count
    }

    private static func isLocal(_ address: SocketAddress?) -> Bool {
        guard let text = address?.ipAddress else { return false }
        return text.hasPrefix("127.") || text == "::1" || text.hasPrefix("::ffff:127.")
    }

    private static func number(_ value: Int) -> JSONValue { .number(JSONNumber(Int64(value))) }

    private static func answer(_ status: HTTPResponse.Status, _ document: JSONValue) -> Response {
        answer(status, document.serialize())
    }

    private static func answer(_ status: HTTPResponse.Status, _ bytes: [UInt8]) -> Response {
        Response(
            status: status, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}
