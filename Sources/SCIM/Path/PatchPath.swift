// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// The target of a patch operation: PATH of RFC 7644 figure 7, looked up in the schemas.
package enum PatchPath: Hashable, Sendable {
    /// All attributes of an extension: its URN alone, in the spelling of the schema.
    case wholeExtension(urn: String)
    /// `displayName`, `name.familyName`, `emails`, or `emails.value` of all values.
    case attribute(AttributePath)
    /// `emails[type eq "work"]` or `emails[type eq "work"].value`: the values of a multi-valued complex attribute that
    /// fulfil a filter (``Filter/matches(_:)`` for each), or a sub-attribute of these. The path has no sub-attribute.
    case elements(of: AttributePath, matching: Filter, subAttribute: SchemaAttribute?)

    /// Parses the member `path` of a patch operation (RFC 7644 section 3.5.2).
    ///
    /// A value filter needs an attribute that is complex, because it compares sub-attributes, and multi-valued, because
    /// otherwise there is nothing to select from. White space around the path is ignored. `password` is a path as any
    /// other.
    ///
    /// - Throws: 400 with `invalidPath` for what is malformed, which includes a bracket that is not closed, and for what
    ///   the type does not have; with `invalidFilter` for a filter in brackets that is malformed, its offset counted
    ///   from the start of the path. A filter that names an unknown sub-attribute is no error: it matches no value.
    package static func parse(
        _ text: String, for type: ResourceType, registry: SchemaRegistry
    ) throws(SCIMError) -> PatchPath {
        guard text.utf8.count <= Filter.maximumBytes else {
            throw refusal(of: text, "is longer than \(Filter.maximumBytes) bytes")
        }
        let bytes = Array(text.utf8)
        guard let start = bytes.firstIndex(where: { !FilterParser.isWhitespace($0) }),
            let last = bytes.lastIndex(where: { !FilterParser.isWhitespace($0) })
        else { throw refusal(of: text, "is empty") }
        let end = last + 1
        guard let bracket = bytes[start..<end].firstIndex(of: UInt8(ascii: "[")) else {
            return try lookUp(bytes[start..<end], of: text, for: type, registry)
        }
        let target = try lookUp(bytes[start..<bracket], of: text, for: type, registry)
        guard case .attribute(let path) = target, path.subAttribute == nil, path.attribute.type == .complex,
            path.attribute.multiValued
        else { throw refusal(of: text, "has a filter, but \(target) is no multi-valued complex attribute") }
        var parser = FilterParser(bytes, at: bracket, scope: .resource(type, registry))
        let filter: Filter
        do throws(SCIMError) {
            filter = try parser.parseElementFilter(of: path.attribute)
        } catch {
            guard parser.position < end else { throw refusal(of: text, "has a bracket that is not closed") }
            throw error
        }
        let rest = bytes[parser.position..<end]
        guard let dot = rest.first else { return .elements(of: path, matching: filter, subAttribute: nil) }
        guard dot == UInt8(ascii: "."), AttributeName.fault(in: rest.dropFirst()) == nil else {
            throw refusal(of: text, "is malformed at byte \(parser.position): a dot and a sub-attribute may follow ]")
        }
        guard let subAttribute = path.attribute.subAttribute(String(decoding: rest.dropFirst(), as: UTF8.self)) else {
            throw refusal(of: text, "leads to no sub-attribute of \(path)")
        }
        return .elements(of: path, matching: filter, subAttribute: subAttribute)
    }

    /// What stands before the bracket, or the whole path without one.
    private static func lookUp(
        _ name: ArraySlice<UInt8>, of text: String, for type: ResourceType, _ registry: SchemaRegistry
    ) throws(SCIMError) -> PatchPath {
        switch AttributePath.meaning(of: String(decoding: name, as: UTF8.self), for: type, registry) {
        case .attribute(let path): return .attribute(path)
        case .schema(let schema) where schema.id != registry.coreSchema(for: type).id:
            return .wholeExtension(urn: schema.id)
        case .schema: throw refusal(of: text, "is a schema and no attribute")
        case .undefined: throw refusal(of: text, "leads to no attribute of a \(type.rawValue)")
        case .malformed(let reason, let offset):
            throw refusal(of: text, "is malformed at byte \(name.startIndex + offset): \(reason)")
        }
    }

    private static func refusal(of text: String, _ reason: String) -> SCIMError {
        .invalidPath(path: FilterParser.shortened(text, to: 100), reason: reason)
    }
}

extension PatchPath: CustomStringConvertible {
    /// In the spelling of the schemas; parses to the same path again.
    package var description: String {
        switch self {
        case .wholeExtension(let urn): urn
        case .attribute(let path): path.description
        case .elements(let path, let filter, let subAttribute):
            "\(path)[\(filter)]\(subAttribute.map { ".\($0.name)" } ?? "")"
        }
    }
}
