// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// Turns operations into steps: looks their paths up, reads their values by the schemas, and refuses what is wrong
/// whatever the resource looks like.
struct PatchReader {
    let type: ResourceType
    let registry: SchemaRegistry
    private(set) var steps: [PatchStep] = []
    var members = MemberChangeList()
    private var operation = 0

    init(type: ResourceType, registry: SchemaRegistry) {
        self.type = type
        self.registry = registry
    }

    /// - Parameter index: Where the operation stands in the request.
    mutating func read(_ operation: PatchOperation, at index: Int) throws(SCIMError) {
        self.operation = index
        do throws(SCIMError) {
            guard operation.verb == .remove || operation.value != nil else {
                throw .invalidValue(attribute: "value", reason: "is required for \(operation.verb.rawValue)")
            }
            if let text = operation.path, !PatchTolerance.isCoreAlone(text, of: type) {
                try read(operation.verb, try path(text), operation.value)
            } else {
                guard operation.verb != .remove else { throw .noTarget("remove needs a path to an attribute") }
                try readResource(operation.verb, operation.value ?? .null)
            }
        } catch {
            throw error.inOperation(index)
        }
    }

    private func path(_ text: String) throws(SCIMError) -> PatchPath {
        let text =
            Tolerance.managerWithoutURN(text, of: type) ?? PatchTolerance.dotAfterURN(text, of: type, registry)
            ?? PatchTolerance.colonAfterURN(text, of: type, registry) ?? text
        return try PatchPath.parse(text, for: type, registry: registry)
    }

    /// - Parameter value: nil only for remove.
    private mutating func read(
        _ verb: PatchOperation.Verb, _ path: PatchPath, _ value: JSONValue?
    ) throws(SCIMError) {
        switch path {
        case .wholeExtension(let urn):
            guard let entry = registry.extensions(for: type).first(where: { $0.schema.id == urn }) else { return }
            var named = Named()
            try readExtension(verb, entry, value, &named)
            try named.check()
        case .attribute(let path): try readAttribute(verb, path, value)
        case .elements(let path, let filter, let subAttribute):
            try readElements(verb, path, matching: filter, subAttribute, value)
        }
    }

    func isSchemas(_ path: AttributePath) -> Bool { path.extensionURN == nil && path.attribute.name == "schemas" }

    func isEmails(_ path: AttributePath) -> Bool {
        type == .user && path.extensionURN == nil && path.attribute.name == "emails"
    }

    func isMembers(_ path: AttributePath) -> Bool {
        type == .group && path.extensionURN == nil && path.attribute.name == "members"
    }

    mutating func append(_ path: AttributePath, _ change: PatchStep.Change) {
        steps.append(PatchStep(operation: operation, path: path, change: change))
    }
}

// MARK: - The resource and its extensions

extension PatchReader {
    /// What a value without path, or the value of a whole extension, has named so far.
    private struct Named {
        /// Something besides readOnly attributes.
        var others = false
        var readOnly: AttributePath?

        /// See ``PatchTolerance/isIgnoredBesideOthers(_:)``.
        func check() throws(SCIMError) {
            if let readOnly, !others { throw .readOnly(readOnly) }
        }
    }

    private mutating func readResource(_ verb: PatchOperation.Verb, _ value: JSONValue) throws(SCIMError) {
        guard
            let object = value.objectValue ?? PatchTolerance.singleResourceInList(value, of: type, registry)
                ?? PatchTolerance.objectAsText(value, of: type)
        else {
            throw .invalidValue(attribute: "value", reason: "must be an object of attributes when there is no path")
        }
        let attributes: JSONObject
        do throws(Refusal) {
            attributes = try Tolerance.coreAsContainer(object, of: type)
        } catch {
            throw error.error
        }
        var named = Named()
        for (key, value) in attributes { try readKey(key, verb, value, in: attributes, &named) }
        try named.check()
    }

    private mutating func readKey(
        _ key: String, _ verb: PatchOperation.Verb, _ value: JSONValue, in object: JSONObject, _ named: inout Named
    ) throws(SCIMError) {
        if let attribute = registry.attribute(key, of: type) {
            let path = AttributePath(attribute: attribute)
            try checkGivenOnce(key, attribute.name, in: object)
            try readNamed(verb, .attribute(path), value, &named)
        } else if let entry = registry.extensions(for: type).first(where: {
            $0.schema.id.equalsIgnoringASCIICase(key)
        }) {
            try checkGivenOnce(key, entry.schema.id, in: object)
            try readExtension(verb, entry, value, &named)
        } else {
            try readPathAsKey(key, key, verb, value, &named)
        }
    }

    private mutating func readExtension(
        _ verb: PatchOperation.Verb, _ entry: SchemaRegistry.Extension, _ value: JSONValue?, _ named: inout Named
    ) throws(SCIMError) {
        let urn = entry.schema.id
        guard verb != .remove, let value = value?.unlessNull else { return try removeExtension(entry, &named) }
        guard case .object(let object) = value else { throw .invalidValue(attribute: urn, reason: "must be an object") }
        for (key, value) in object {
            if let attribute = entry.schema.attribute(key) {
                try checkGivenOnce(key, attribute.name, in: object, of: urn)
                let path = AttributePath(extensionURN: urn, attribute: attribute)
                try readNamed(verb, .attribute(path), value, &named)
            } else {
                try readPathAsKey(key, "\(urn):\(key)", verb, value, &named)
            }
        }
    }

    private mutating func removeExtension(
        _ entry: SchemaRegistry.Extension, _ named: inout Named
    ) throws(SCIMError) {
        let urn = entry.schema.id
        guard !entry.required else { throw .required(urn) }
        for attribute in entry.schema.attributes {
            let path = AttributePath(extensionURN: urn, attribute: attribute)
            if attribute.mutability == .readOnly {
                named.readOnly = named.readOnly ?? path
            } else {
                named.others = true
                append(path, .assign(nil))
            }
        }
    }

    /// What the schemas do not know is ignored, as in a POST; see ``PatchTolerance/isPathAsKey(_:)`` for the rest.
    private mutating func readPathAsKey(
        _ key: String, _ text: String, _ verb: PatchOperation.Verb, _ value: JSONValue, _ named: inout Named
    ) throws(SCIMError) {
        guard PatchTolerance.isPathAsKey(key) || Tolerance.managerWithoutURN(key, of: type) != nil else {
            named.others = true
            return
        }
        let path: PatchPath
        do throws(SCIMError) {
            path = try self.path(text)
        } catch {
            // With a bracket it is meant as a path; without, it may be an attribute of somebody else.
            guard !key.utf8.contains(UInt8(ascii: "[")) else { throw error }
            named.others = true
            return
        }
        try readNamed(verb, path, value, &named)
    }

    private mutating func readNamed(
        _ verb: PatchOperation.Verb, _ path: PatchPath, _ value: JSONValue, _ named: inout Named
    ) throws(SCIMError) {
        if case .attribute(let path) = path, PatchTolerance.isIgnoredBesideOthers(path) {
            named.readOnly = named.readOnly ?? path
            return
        }
        // A resource that is sent back has its schemas too.
        if case .attribute(let path) = path, isSchemas(path) { return }
        named.others = true
        try read(verb, path, value)
    }

    private func checkGivenOnce(
        _ key: String, _ name: String, in object: JSONObject, of urn: String? = nil
    ) throws(SCIMError) {
        do throws(Refusal) {
            try AttributeReader.checkGivenOnce(key, name, in: object)
        } catch {
            throw (urn.map { error.within(extension: $0) } ?? error).error
        }
    }
}
