// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import JSON

/// Search and creation.
extension Contract {
    func search(_ module: Module, _ request: ContractRequest, _ directory: Directory) throws(Refusal) -> Answer {
        guard request.query.isPresent else {
            return answer(
                request,
                [
                    "_links": [
                        "self": link(request.links.module(module.name), module.title),
                        "create-form": link("\(request.links.module(module.name))add", "Create"),
                    ]
                ])
        }
        let search = try self.search(of: module, request.query, directory)
        let names = request.query.all("properties")
        let isOpened = !["0", "false", "off"].contains(request.query["opened"] ?? "1") && names != ["dn"]
        let document = ObjectDocument(
            directory: directory, links: request.links, properties: names.isEmpty ? nil : Set(names), isOpened: isOpened
        )
        let found = request.seesNothing ? [] : directory.find(search)

        var bytes = Array("{".utf8)
        if !found.isEmpty {
            bytes.append(contentsOf: "\"_embedded\":{\"udm:object\":[".utf8)
            for (offset, entry) in found.enumerated() {
                if offset > 0 { bytes.append(UInt8(ascii: ",")) }
                document.append(entry, to: &bytes)
            }
            bytes.append(contentsOf: "]},".utf8)
        } else if request.representation == .hal {
            bytes.append(contentsOf: "\"_embedded\":{},".utf8)
        }
        bytes.append(contentsOf: "\"results\":\(found.count),\"_links\":{\"self\":".utf8)
        link(request.address, module.title).append(to: &bytes)
        bytes.append(contentsOf: "}}".utf8)
        var answer = Answer(200)
        answer.contentType = request.representation.contentType
        answer.headers = [(.cacheControl, "private, no-cache, no-store, must-revalidate")]
        answer.body = bytes
        return answer
    }

    private func search(
        of module: Module, _ query: QueryParameters, _ directory: Directory
    ) throws(Refusal) -> Search {
        var search = Search(module: module, position: base)
        if let text = query["filter"], !text.isEmpty {
            guard let filter = Filter(text) else {
                throw .invalid([FieldError(["query", "filter"], "Not a valid LDAP search filter")])
            }
            search.filter = filter
        } else {
            let wanted = query.items.compactMap { item -> Filter? in
                guard item.name.hasPrefix("query["), item.name.hasSuffix("]") else { return nil }
                return Filter(property: String(item.name.dropFirst(6).dropLast()), pattern: item.value)
            }
            if !wanted.isEmpty { search.filter = .and(wanted) }
        }
        if let text = query["position"], !text.isEmpty {
            guard let name = DistinguishedName(text), name.isWithin(base) else {
                throw .invalid([FieldError(["query", "position"], "The ldap base is invalid. Use \(base.text).")])
            }
            guard directory.entry(named: name.key) != nil else {
                throw .invalid([FieldError(["query", "position"], "The ldap position does not exist: \(text)")])
            }
            search.position = name
        }
        if let text = query["scope"] {
            guard let scope = Search.Scope(rawValue: text) else {
                throw .invalid([FieldError(["query", "scope"], "Value has to be one of: sub, one, base, base+one")])
            }
            search.scope = scope
        }
        if let hidden = query["hidden"] { search.includesHidden = ["1", "true", "on"].contains(hidden) }
        return search
    }

    func create(_ module: Module, _ request: ContractRequest, _ state: inout State) throws(Refusal) -> Answer {
        let body = try object(request)
        var errors: [FieldError] = []
        let position = body["position"] ?? .null
        if !position.isNull, position.stringValue == nil {
            errors.append(FieldError(["body", "position"], "Value must be a string"))
        }
        if let properties = body["properties"], !properties.isNull, properties.objectValue == nil {
            errors.append(FieldError(["body", "properties"], "Not a \"dict\""))
        }
        if !errors.isEmpty { throw .invalid(errors) }
        let creation = Creation(
            module: module, position: position.stringValue, properties: body["properties"]?.objectValue ?? [:])
        return try create(creation, request, &state)
    }

    func create(_ creation: Creation, _ request: ContractRequest, _ state: inout State) throws(Refusal) -> Answer {
        guard creation.module !== schema.base else { throw .badRequest("The base cannot be created.") }
        try refuseProperty(request, creation.properties)
        let directory = state.directory
        let (changes, key) = try directory.create(
            creation, rules: request.settings.rules, hosts: hosts(request.settings, directory))
        try commit(changes, to: &state, request: request.sequence, at: request.time)
        guard let entry = directory.entry(named: key) else { throw .notFound }
        let address = request.links.object(entry)
        var answer = answer(
            request,
            [
                "dn": .string(entry.dn), "uuid": .string(entry.uuid), "_links": ["self": link(address, entry.name)],
            ], status: 201)
        describe(entry, in: &answer, request, location: address)
        answer.isCommitted = true
        return answer
    }

    /// Moves several objects at once; the names of other modules' objects are refused.
    func move(_ module: Module, _ request: ContractRequest, _ state: inout State) throws(Refusal) -> Answer {
        let body = try object(request)
        guard let position = body["position"]?.stringValue else {
            throw .invalid([FieldError(["body", "position"], "Argument required")])
        }
        guard let names = body["dn"]?.strings, !names.isEmpty else {
            throw .invalid([FieldError(["body", "dn"], "Argument required")])
        }
        var changes: [Change] = []
        for name in names {
            guard let key = DistinguishedName.key(of: name), let entry = state.directory.entry(named: key),
                entry.module === module
            else { throw .notFound }
            changes += try state.directory.move(entry, to: position)
        }
        try commit(changes, to: &state, request: request.sequence, at: request.time)
        let id = ObjectUUID.random(version: 4)
        state.moves[id] = (request.settings.progressPolls, request.links.module(module.name))
        var answer = progressAnswer(id, request)
        answer.isCommitted = !changes.isEmpty
        return answer
    }
}
