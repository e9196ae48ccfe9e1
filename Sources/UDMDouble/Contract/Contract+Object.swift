// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import JSON

/// One object by its name.
extension Contract {
    func read(
        _ module: Module, _ name: DistinguishedName, _ request: ContractRequest, _ directory: Directory
    ) throws(Refusal) -> Answer {
        let entry = try entry(module, name, directory)
        let verdict = try check(entry, request, isRead: true)
        var answer = Answer(verdict == .notModified ? 304 : 200)
        if verdict == .proceed {
            answer.contentType = request.representation.contentType
            ObjectDocument(directory: directory, links: request.links).append(entry, to: &answer.body)
            if request.representation == .hal { answer.body = Self.withEmptyEmbedded(answer.body) }
        }
        describe(entry, in: &answer, request)
        answer.headers.append((.cacheControl, "private, must-revalidate"))
        return answer
    }

    func put(
        _ module: Module, _ name: DistinguishedName, _ request: ContractRequest, _ state: inout State
    ) throws(Refusal) -> Answer {
        let body = try object(request)
        var errors: [FieldError] = []
        for member in ["position", "properties"] where body[member]?.isNull ?? true {
            errors.append(FieldError(["body", member], "Argument required"))
        }
        if !errors.isEmpty { throw .invalid(errors) }
        guard let position = body["position"]?.stringValue else {
            throw .invalid([FieldError(["body", "position"], "Value must be a string")])
        }
        guard let properties = body["properties"]?.objectValue else {
            throw .invalid([FieldError(["body", "properties"], "Not a \"dict\"")])
        }

        guard let entry = state.directory.entry(named: name.key), entry.module === module else {
            return try create(
                Creation(module: module, position: position, dn: name, properties: properties), request, &state)
        }
        _ = try check(entry, request, isRead: false)
        let moves = try state.directory.move(entry, to: position)
        guard moves.isEmpty else { return try move(entry, moves, request, &state) }
        return try modify(entry, properties, request, &state, warnings: [])
    }

    func patch(
        _ module: Module, _ name: DistinguishedName, _ request: ContractRequest, _ state: inout State
    ) throws(Refusal) -> Answer {
        let entry = try entry(module, name, state.directory)
        _ = try check(entry, request, isRead: false)
        if case .patch(let document) = request.body {
            let patch = try JSONPatch(document, entry: entry, directory: state.directory)
            return try modify(entry, patch.properties, request, &state, warnings: patch.warnings)
        }
        let body = try object(request)
        guard let properties = (body["properties"] ?? [:]).objectValue else {
            throw .invalid([FieldError(["body", "properties"], "Not a \"dict\"")])
        }
        return try modify(entry, properties, request, &state, warnings: [])
    }

    func delete(
        _ module: Module, _ name: DistinguishedName, _ request: ContractRequest, _ state: inout State
    ) throws(Refusal) -> Answer {
        let entry = try entry(module, name, state.directory)
        _ = try check(entry, request, isRead: false)
        let changes = try state.directory.delete(entry)
        var answer = Answer(204)
        answer.identifier = entry.identifier
        answer.dn = entry.dn
        answer.isCommitted = true
        try commit(changes, to: &state, request: request.sequence, at: request.time)
        return answer
    }

    private func modify(
        _ entry: Entry, _ properties: JSONObject, _ request: ContractRequest, _ state: inout State, warnings: [String]
    ) throws(Refusal) -> Answer {
        try refuseProperty(request, properties)
        let directory = state.directory
        let changes = try directory.modify(
            entry, properties, rules: request.settings.rules, hosts: hosts(request.settings, directory))
        try commit(changes, to: &state, request: request.sequence, at: request.time)
        let address = request.links.object(entry)
        var answer = Answer(204)
        if !warnings.isEmpty {
            answer = self.answer(
                request,
                [
                    "_links": ["self": link(address, entry.name)],
                    "_embedded": ["udm:warning": .array(warnings.map { ["message": .string($0)] })],
                ])
        }
        describe(entry, in: &answer, request, location: address)
        answer.isCommitted = !changes.isEmpty
        return answer
    }

    private func move(
        _ entry: Entry, _ changes: [Change], _ request: ContractRequest, _ state: inout State
    ) throws(Refusal) -> Answer {
        try commit(changes, to: &state, request: request.sequence, at: request.time)
        var answer: Answer
        if entry.module.isContainer || request.settings.reportsMoveProgress {
            let id = ObjectUUID.random(version: 4)
            state.moves[id] = (request.settings.progressPolls, request.links.object(entry))
            answer = progressAnswer(id, request)
        } else {
            answer = self.answer(
                request,
                ["id": "", "errors": false, "finished": true, "uri": .string(request.links.object(entry))], status: 201)
            answer.headers.append((.location, request.links.object(entry)))
        }
        answer.identifier = entry.identifier
        answer.dn = entry.dn
        answer.isCommitted = true
        return answer
    }

    private func entry(_ module: Module, _ name: DistinguishedName, _ directory: Directory) throws(Refusal) -> Entry {
        guard let entry = directory.entry(named: name.key), entry.module === module else { throw .notFound }
        return entry
    }

    private func check(_ entry: Entry, _ request: ContractRequest, isRead: Bool) throws(Refusal) -> Conditions.Verdict {
        try request.conditions.check(
            etag: entry.etag, lastModified: Self.lastModified(of: entry, at: request.time), isRead: isRead)
    }

    private static func withEmptyEmbedded(_ object: [UInt8]) -> [UInt8] {
        object.dropLast() + Array(",\"_embedded\":{}}".utf8)
    }
}
