// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import JSON

/// Everything that only tells where things are.
extension Contract {
    func entryPoint(_ request: ContractRequest) -> Answer {
        let root = request.links.root
        let modules = schema.names.map { name -> JSONValue in
            ["href": .string(request.links.module(name)), "name": .string(name)]
        }
        return answer(
            request,
            [
                "_links": [
                    "self": link(root, "Univention Directory Manager"),
                    "udm:object-modules": .array(modules),
                    "udm:object-types": .array(modules),
                    "udm:object/get-by-dn": [["href": "\(root)object/{dn}", "templated": true]],
                    "udm:object/get-by-uuid": [["href": "\(root)object/{uuid}", "templated": true]],
                    "udm:ldap-base": link("\(root)ldap/base/", "LDAP base"),
                ]
            ])
    }

    func redirect(to key: String, _ request: ContractRequest, _ directory: Directory) throws(Refusal) -> Answer {
        guard let entry = directory.entry(named: key) else { throw .notFound }
        return redirect(to: entry, request)
    }

    /// By name, or by entryUUID in lower case.
    func lookup(_ text: String, _ request: ContractRequest, _ directory: Directory) throws(Refusal) -> Answer {
        if ObjectUUID.isCanonical(text) {
            guard let entry = directory.byUUID[text] else { throw .notFound }
            return redirect(to: entry, request)
        }
        guard let key = DistinguishedName.key(of: Links.decode(dn: text)) else { throw .notFound }
        return try redirect(to: key, request, directory)
    }

    private func redirect(to entry: Entry, _ request: ContractRequest) -> Answer {
        var answer = Answer(301)
        answer.headers = [(.location, request.links.object(entry))]
        answer.identifier = entry.identifier
        answer.dn = entry.dn
        return answer
    }

    func progress(_ id: String, _ request: ContractRequest, _ state: inout State) throws(Refusal) -> Answer {
        guard let move = state.moves[id] else { throw .notFound }
        if move.polls > 0 {
            state.moves[id] = (move.polls - 1, move.location)
            var answer = answer(request, ["id": .string(id), "finished": false, "errors": false], status: 301)
            answer.headers = [(.location, request.links.progress(id)), (.retryAfter, "1")]
            return answer
        }
        state.moves[id] = nil
        var answer = answer(
            request, ["id": .string(id), "finished": true, "errors": false, "uri": .string(move.location)], status: 303)
        answer.headers = [(.location, move.location)]
        return answer
    }

    func defaultContainers(_ module: Module, _ request: ContractRequest) -> Answer {
        let position = module.defaultContainer.isEmpty ? base.text : "\(module.defaultContainer),\(base.text)"
        let domain = base.components.map(\.value).joined(separator: ".")
        let path = (DistinguishedName(position)?.components.dropLast(base.components.count) ?? []).reversed()
        let label = "\(domain):/\(path.map(\.value).joined(separator: "/"))"
        return answer(
            request, ["default-containers": [["", "All containers"], [.string(position), .string(label)]]])
    }

    func properties(_ module: Module, _ request: ContractRequest) -> Answer {
        let list = module.properties.map { property -> JSONValue in
            [
                "id": .string(property.name), "required": .bool(property.isRequired),
                "editable": .bool(!property.isImmutable), "multivalue": .bool(property.kind.isList),
            ]
        }
        return answer(request, ["properties": .array(list)])
    }

    /// A representation with the defaults, without name and identity.
    func template(_ module: Module, _ request: ContractRequest, _ directory: Directory) throws(Refusal) -> Answer {
        let position =
            request.query["position"].flatMap { $0.isEmpty ? nil : $0 } ?? directory.defaultPosition(of: module)
        guard let key = DistinguishedName.key(of: position), directory.entry(named: key) != nil else {
            throw .invalid([FieldError(["query", "position"], "The ldap position does not exist: \(position)")])
        }
        let draft = Entry(module: module, uuid: "", ordinal: 0, dn: "", key: "")
        if module === schema.user {
            draft["shell"] = "/bin/bash"
            draft["unixhome"] = "/home/<username>"
            draft.primaryGroup = directory.defaultPrimaryGroup
        }
        let properties = ObjectDocument(directory: directory, links: request.links).properties(of: draft)
        return answer(
            request,
            [
                "objectType": .string(module.name), "position": .string(position), "properties": .object(properties),
                "options": [:], "policies": [:],
                "_links": ["create": link(request.links.module(module.name), "Create")],
            ])
    }
}
