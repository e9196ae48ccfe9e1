// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

extension PatchReader {
    mutating func readAttribute(
        _ verb: PatchOperation.Verb, _ fullPath: AttributePath, _ value: JSONValue?
    ) throws(SCIMError) {
        let path = AttributePath(extensionURN: fullPath.extensionURN, attribute: fullPath.attribute)
        try checkWritable(fullPath)
        if isSchemas(path) {
            // Which schemas a resource uses follows from its attributes.
            guard verb != .remove else { throw .required(path.description) }
            return
        }
        if isMembers(path) { return try readMembers(verb, fullPath, value) }
        switch (fullPath.subAttribute, path.attribute.multiValued) {
        case (let subAttribute?, _): try readPart(verb, path, subAttribute, value, matching: nil)
        case (nil, true): try readList(verb, path, value)
        case (nil, false): try readSingle(verb, path, value)
        }
    }

    /// The values of a multi-valued attribute that fulfil a filter, or a sub-attribute of these.
    mutating func readElements(
        _ verb: PatchOperation.Verb, _ path: AttributePath, matching filter: Filter, _ subAttribute: SchemaAttribute?,
        _ value: JSONValue?
    ) throws(SCIMError) {
        try checkWritable(path.appending(subAttribute))
        guard !filter.hasConstant else {
            throw .invalidPath(
                path: "\(path)[…]", reason: "filters by a sub-attribute that \(path) does not have")
        }
        if isMembers(path) {
            try readMembers(verb, path.appending(subAttribute), matching: filter, value)
        } else if let subAttribute {
            try readPart(verb, path, subAttribute, value, matching: filter)
        } else {
            try readSelected(verb, path, value, matching: filter)
        }
    }

    private func checkWritable(_ path: AttributePath) throws(SCIMError) {
        guard path.attribute.mutability != .readOnly, path.leaf.mutability != .readOnly else {
            throw .readOnly(path)
        }
    }

    private func checkRemovable(_ path: AttributePath) throws(SCIMError) {
        guard !path.leaf.required else { throw .required(path.description) }
    }

    // MARK: Whole attributes

    private mutating func readSingle(
        _ verb: PatchOperation.Verb, _ path: AttributePath, _ value: JSONValue?
    ) throws(SCIMError) {
        let attribute = path.attribute
        guard verb != .remove, let value = value?.unlessNull, !Tolerance.isEmptyReference(value, to: attribute)
        else {
            try checkRemovable(path)
            return append(path, .assign(nil))
        }
        let unwrapped = PatchTolerance.wrappedSingleValue(value, of: attribute) ?? value
        guard attribute.type == .complex else {
            return append(path, .assign(try read(unwrapped, at: path)))
        }
        let edits = try edits(of: unwrapped, at: path)
        if !edits.isEmpty { append(path, .edit(.init(filter: nil, ifNone: .create([:])), edits)) }
    }

    private mutating func readList(
        _ verb: PatchOperation.Verb, _ path: AttributePath, _ value: JSONValue?
    ) throws(SCIMError) {
        let attribute = path.attribute
        let given = value?.unlessNull.map {
            PatchTolerance.singleValueAsList($0, for: attribute) ?? PatchTolerance.wrappedValues($0, of: attribute)
                ?? (isEmails(path) ? PatchTolerance.withoutAddressesOfNobody($0) : $0)
        }
        switch (verb, given) {
        // Nothing comes to the values there are.
        case (.add, nil): break
        case (.add, let list?): append(path, .include(try read(list, at: path)?.arrayValue ?? []))
        // A Remove with a list of values means these values only: Entra ID and authentik send it.
        case (.remove, let list?): append(path, .exclude(try readNamedValues(list, at: path)))
        case (.remove, nil), (.replace, nil):
            try checkRemovable(path)
            append(path, .assign(nil))
        case (.replace, let list?):
            let values = try read(list, at: path)
            if values == nil { try checkRemovable(path) }
            append(path, .assign(values))
        }
    }

    /// The values a Remove names: with as many of their sub-attributes as the client cares to give.
    private func readNamedValues(_ value: JSONValue, at path: AttributePath) throws(SCIMError) -> [JSONValue] {
        let attribute = path.attribute
        guard attribute.type == .complex else { return try read(value, at: path)?.arrayValue ?? [] }
        guard let list = value.arrayValue ?? Tolerance.singleObjectAsList(value, for: attribute) else {
            throw .invalidValue(attribute: path.description, reason: "must be an array")
        }
        var values: [JSONValue] = []
        for (index, element) in list.enumerated() {
            var named = JSONObject()
            for edit in try edits(of: element, at: path, removing: true) {
                if case .assign(let value?) = edit.change { named[edit.attribute.name] = value }
            }
            guard !named.isEmpty else {
                throw .invalidValue(attribute: "\(path)[\(index)]", reason: "names no value to remove")
            }
            values.append(.object(named))
        }
        return values
    }

    // MARK: Values and sub-attributes

    private mutating func readSelected(
        _ verb: PatchOperation.Verb, _ path: AttributePath, _ value: JSONValue?, matching filter: Filter
    ) throws(SCIMError) {
        guard verb != .remove, let value = value?.unlessNull else {
            // Nothing comes to the values there are.
            guard verb != .add else { return }
            return append(path, .remove(.init(filter: filter, ifNone: verb == .replace ? .refuse : .pass)))
        }
        let element = value.arrayValue.flatMap { $0.count == 1 ? $0[0] : nil } ?? value
        let edits = try edits(of: element, at: path)
        append(path, .edit(.init(filter: filter, ifNone: Self.ifNone(verb, filter)), edits))
    }

    /// A sub-attribute of the values that fulfil the filter; without a filter, of all values.
    private mutating func readPart(
        _ verb: PatchOperation.Verb, _ path: AttributePath, _ subAttribute: SchemaAttribute, _ value: JSONValue?,
        matching filter: Filter?
    ) throws(SCIMError) {
        let part = path.appending(subAttribute)
        guard verb != .remove, let value = value?.unlessNull else {
            try checkRemovable(part)
            let ifNone: PatchStep.Selection.IfNone = verb == .replace && filter != nil ? .refuse : .pass
            let edit = PatchStep.Edit(attribute: subAttribute, change: .assign(nil))
            return append(path, .edit(.init(filter: filter, ifNone: ifNone), [edit]))
        }
        let edit = try edit(verb, part, value)
        append(path, .edit(.init(filter: filter, ifNone: Self.ifNone(verb, filter)), [edit]))
    }

    /// Entra ID's Add through a filter without a match creates the value that the filter describes. A Replace is
    /// refused then (RFC 7644 section 3.5.2.3); where nothing is selected by a filter, it is an Add.
    private static func ifNone(_ verb: PatchOperation.Verb, _ filter: Filter?) -> PatchStep.Selection.IfNone {
        guard let filter else { return .create([:]) }
        guard verb == .add, let described = filter.describedValue else { return .refuse }
        return .create(described)
    }

    /// The sub-attributes that an object gives; those it does not name stay as they are.
    private func edits(
        of value: JSONValue, at path: AttributePath, removing: Bool = false
    ) throws(SCIMError) -> [PatchStep.Edit] {
        let attribute = path.attribute
        guard
            let object = value.objectValue ?? Tolerance.bareValue(value, for: attribute)
                ?? Tolerance.bareRole(value, for: attribute)
        else {
            throw .invalidValue(attribute: path.description, reason: "must be an object")
        }
        var edits: [PatchStep.Edit] = []
        for (key, value) in object {
            guard let subAttribute = attribute.subAttribute(key) else { continue }
            do throws(Refusal) {
                try AttributeReader.checkGivenOnce(key, subAttribute.name, in: object)
            } catch {
                throw error.within(attribute: path.description).error
            }
            guard subAttribute.mutability != .readOnly else { continue }
            let part = path.appending(subAttribute)
            if value.isNull, !removing { try checkRemovable(part) }
            edits.append(try edit(.replace, part, value))
        }
        return edits
    }

    private func edit(
        _ verb: PatchOperation.Verb, _ part: AttributePath, _ value: JSONValue
    ) throws(SCIMError) -> PatchStep.Edit {
        let attribute = part.leaf
        let plain =
            PatchTolerance.wrappedSingleValue(value, of: attribute)
            ?? PatchTolerance.wrappedValues(value, of: attribute)
            ?? (attribute.multiValued ? PatchTolerance.singleValueAsList(value, for: attribute) : nil) ?? value
        let read = try read(plain, at: part)
        return .init(
            attribute: attribute,
            change: verb == .add && attribute.multiValued ? .include(read?.arrayValue ?? []) : .assign(read))
    }

    /// A value of the attribute that the path ends at; nil if it is as good as not given.
    private func read(_ value: JSONValue, at path: AttributePath) throws(SCIMError) -> JSONValue? {
        do throws(Refusal) {
            return try AttributeReader.value(value, of: path.leaf)
        } catch {
            throw error.within(attribute: path.description).error
        }
    }
}

extension JSONValue {
    /// nil for null.
    var unlessNull: JSONValue? { isNull ? .none : .some(self) }
}

extension AttributePath {
    func appending(_ subAttribute: SchemaAttribute?) -> AttributePath {
        AttributePath(extensionURN: extensionURN, attribute: attribute, subAttribute: subAttribute)
    }
}

extension SCIMError {
    static func readOnly(_ path: AttributePath) -> SCIMError {
        .mutability(attribute: path.description, reason: "is readOnly")
    }

    /// RFC 7644 section 3.5.2.2.
    static func required(_ path: String) -> SCIMError {
        .mutability(attribute: path, reason: "is required and cannot be removed")
    }

    static func immutable(_ path: AttributePath) -> SCIMError {
        .mutability(attribute: path.description, reason: "is immutable and has another value")
    }
}
