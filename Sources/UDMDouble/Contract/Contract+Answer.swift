// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import JSON

/// What answers have in common.
extension Contract {
    func answer(_ request: ContractRequest, _ document: JSONObject, status: Int = 200) -> Answer {
        var document = document
        if request.representation == .hal {
            if !document.contains("_links") { document["_links"] = [:] }
            if !document.contains("_embedded") { document["_embedded"] = [:] }
        }
        var answer = Answer(status)
        answer.contentType = request.representation.contentType
        answer.body = JSONValue.object(document).serialize()
        return answer
    }

    func link(_ address: String, _ title: String) -> JSONValue {
        [["href": .string(address), "title": .string(title)]]
    }

    /// Entity tag and date of the object, and who it is.
    ///
    /// - Parameter location: the object's address, of answers that carry it.
    func describe(_ entry: Entry, in answer: inout Answer, _ request: ContractRequest, location: String? = nil) {
        if let location { answer.headers.append((.location, location)) }
        answer.headers.append((.eTag, entry.etag))
        if let modified = Self.lastModified(of: entry, at: request.time) {
            answer.headers.append((.lastModified, HTTPDate.text(modified)))
        }
        answer.identifier = entry.identifier
        answer.dn = entry.dn
    }

    /// Seconds since the Unix epoch; kept back while a second change within the same second could follow.
    static func lastModified(of entry: Entry, at time: Int64) -> Int64? {
        let modified = entry.modified / 1_000_000
        return modified < time / 1_000_000 - 1 ? modified : nil
    }

    /// The body's object, empty when there is none.
    func object(_ request: ContractRequest) throws(Refusal) -> JSONObject {
        switch request.body {
        case .none: return [:]
        case .json(.object(let object)): return object
        case .json, .patch: throw .invalid([FieldError(["body", "request.arguments"], "Not a \"dict\"")])
        }
    }

    /// What the switch "refuse property X" is set to.
    func refuseProperty(_ request: ContractRequest, _ properties: JSONObject) throws(Refusal) {
        guard let refused = request.refusedProperty, properties.contains(refused.name) else { return }
        throw .invalid([.property(refused.name, refused.message)])
    }

    func progressAnswer(_ id: String, _ request: ContractRequest) -> Answer {
        var answer = answer(request, ["id": .string(id), "finished": false, "errors": false], status: 202)
        answer.headers.append((.location, request.links.progress(id)))
        return answer
    }
}
