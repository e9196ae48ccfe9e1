// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// The attributes of a resource while the steps of a PATCH are applied to a copy of them.
struct PatchedState {
    /// As in ``ValidatedResource/attributes``, with `externalId` and `password` beside them.
    private(set) var attributes: JSONObject
    private var effort = PatchEffort()

    init(_ attributes: JSONObject, externalId: String?) {
        self.attributes = attributes
        if let externalId { self.attributes["externalId"] = .string(externalId) }
    }

    mutating func apply(_ step: PatchStep) throws(SCIMError) {
        let path = step.path
        switch step.change {
        case .assign(let value): self[path] = value
        case .include(let added):
            var list = values(of: path)
            try list.include(added, &effort)
            try store(list, at: path)
        case .exclude(let named):
            var list = values(of: path)
            try list.exclude(named, &effort)
            try store(list, at: path)
        case .remove(let selection): try remove(selection, at: path)
        case .edit(let selection, let edits): try edit(selection, edits, at: path)
        }
    }

    private mutating func remove(_ selection: PatchStep.Selection, at path: AttributePath) throws(SCIMError) {
        var list = values(of: path)
        let positions = try list.selected(by: selection.filter, &effort)
        guard !positions.isEmpty else {
            if case .refuse = selection.ifNone { throw .noMatch(path) }
            return
        }
        list.remove(at: positions)
        try store(list, at: path)
    }

    private mutating func edit(
        _ selection: PatchStep.Selection, _ edits: [PatchStep.Edit], at path: AttributePath
    ) throws(SCIMError) {
        var list = values(of: path)
        var positions = try list.selected(by: selection.filter, &effort)
        let isNew = positions.isEmpty
        if isNew {
            switch selection.ifNone {
            case .pass: return
            case .refuse: throw .noMatch(path)
            case .create(let described):
                guard !edits.isEmpty else { return }
                positions = [list.values.count]
                list.append(.object(described))
            }
        }
        var emptied: [Int] = []
        for position in positions {
            guard case .object(let old) = list.values[position] else { continue }
            let new = try Self.edited(old, edits, of: path, &effort)
            guard !isNew || selection.filter.map({ $0.matches(new) }) ?? true else {
                throw .invalidValue(attribute: path.description, reason: "contradicts the filter of the path")
            }
            if new.isEmpty || Self.hasLostItsAddress(old, new, of: path) { emptied.append(position) }
            list.replace(at: position, with: .object(new))
        }
        if path.attribute.multiValued { try handOverPrimary(to: positions, in: &list, at: path) }
        list.remove(at: emptied)
        try store(list, at: path)
    }

    /// - Parameter positions: The values that were edited.
    private func handOverPrimary(
        to positions: [Int], in list: inout ValueList, at path: AttributePath
    ) throws(SCIMError) {
        let primary = positions.filter { list.values[$0]["primary"]?.boolValue == true }
        guard primary.count <= 1 else {
            throw .invalidValue(attribute: "\(path).primary", reason: "can be true for one value only")
        }
        if let position = primary.first { list.prefer(position) }
    }

    private static func edited(
        _ old: JSONObject, _ edits: [PatchStep.Edit], of path: AttributePath, _ effort: inout PatchEffort
    ) throws(SCIMError) -> JSONObject {
        var new = old
        for edit in edits {
            switch edit.change {
            case .assign(let value): new[edit.attribute.name] = value
            case .include(let added):
                var list = ValueList(new[edit.attribute.name]?.arrayValue ?? [], of: edit.attribute)
                try list.include(added, &effort)
                new[edit.attribute.name] = list.values.isEmpty ? nil : .array(list.values)
            }
        }
        // The address of another resource than the one that is named now.
        if new["value"] != old["value"], !edits.contains(where: { $0.attribute.name == "$ref" }) { new["$ref"] = nil }
        for part in path.attribute.subAttributes where part.mutability == .immutable {
            guard old[part.name] == nil || old[part.name] == new[part.name] else {
                throw .immutable(path.appending(part))
            }
        }
        return new
    }

    /// A mailbox or an alias is nothing without its address: Entra ID removes `emails[type eq "mailbox"].value`.
    private static func hasLostItsAddress(_ old: JSONObject, _ new: JSONObject, of path: AttributePath) -> Bool {
        guard path.extensionURN == nil, path.attribute.name == "emails", old["value"] != nil else { return false }
        return (new["value"] ?? "") == "" && HostedAddress(email: .object(new)) != nil
    }

    // MARK: - Values of an attribute

    private subscript(path: AttributePath) -> JSONValue? {
        get { path.attributeValue(in: attributes) }
        set {
            guard let urn = path.extensionURN else {
                attributes[path.attribute.name] = newValue
                return
            }
            var values = attributes[urn]?.objectValue ?? JSONObject()
            values[path.attribute.name] = newValue
            attributes[urn] = values.isEmpty ? nil : .object(values)
        }
    }

    /// The one value of a single-valued attribute counts as a list of one.
    private func values(of path: AttributePath) -> ValueList {
        let value = self[path]
        return ValueList(value?.arrayValue ?? value.map { [$0] } ?? [], of: path.attribute)
    }

    private mutating func store(_ list: ValueList, at path: AttributePath) throws(SCIMError) {
        guard !list.values.isEmpty || !path.attribute.required || self[path] == nil else {
            throw .required(path.description)
        }
        guard path.attribute.multiValued else {
            self[path] = list.values.first
            return
        }
        self[path] = list.values.isEmpty ? nil : .array(list.values)
    }
}

extension SCIMError {
    fileprivate static func noMatch(_ path: AttributePath) -> SCIMError {
        .noTarget("No value of \(path) fulfils the filter of the path")
    }
}
