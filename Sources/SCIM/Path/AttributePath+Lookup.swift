// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

extension AttributePath {
    /// Looks up `userName`, `name.familyName`, `urn:…:User:manager.value`: names and URNs in any case, the URN of the
    /// core schema or none for the core schema and the common attributes.
    ///
    /// - Returns: nil for what is no path, and for what the type does not have.
    package init?(_ text: String, for type: ResourceType, registry: SchemaRegistry) {
        guard case .attribute(let path) = Self.meaning(of: text, for: type, registry) else { return nil }
        self = path
    }

    /// What a text means as a path for the resources of one type.
    enum Meaning {
        case attribute(AttributePath)
        /// The URN of a schema alone.
        case schema(Schema)
        /// A path of the grammar that leads to nothing the type has.
        case undefined
        /// `offset` is in UTF-8 bytes from the start of the text.
        case malformed(reason: String, offset: Int)
    }

    static func meaning(of text: String, for type: ResourceType, _ registry: SchemaRegistry) -> Meaning {
        guard let lastColon = text.utf8.lastIndex(of: UInt8(ascii: ":")) else {
            return meaning(ofNames: text, at: 0) { registry.attribute($0, of: type) }
        }
        // URNs have colons and dots themselves, so only a known one tells where the names begin.
        let core = registry.coreSchema(for: type)
        let schema = ([core] + registry.extensions(for: type).map(\.schema))
            .filter { begins(text, with: $0.id) }
            .max { $0.id.utf8.count < $1.id.utf8.count }
        guard let schema else { return meaning(ofUnknownURI: text, lastColon) }
        let offset = schema.id.utf8.count + 1
        guard text.utf8.count >= offset else { return .schema(schema) }
        let names = String(decoding: text.utf8.dropFirst(offset), as: UTF8.self)
        if schema.id == core.id { return meaning(ofNames: names, at: offset) { registry.attribute($0, of: type) } }
        return meaning(ofNames: names, at: offset, extensionURN: schema.id) { schema.attribute($0) }
    }

    /// What a text means as a path for the values of a complex attribute, which begins with the sub-attribute; nil: of an
    /// attribute that is not defined. A URN is of the grammar there too, but no value has attributes by a URN.
    static func meaning(of text: String, forValuesOf attribute: SchemaAttribute?) -> Meaning {
        if let lastColon = text.utf8.lastIndex(of: UInt8(ascii: ":")) {
            return meaning(ofUnknownURI: text, lastColon)
        }
        return meaning(ofNames: text, at: 0) { attribute?.subAttribute($0) }
    }

    /// Whether `text` is the URN, or the URN and a colon and something else.
    private static func begins(_ text: String, with urn: String) -> Bool {
        let count = urn.utf8.count
        guard String(decoding: text.utf8.prefix(count), as: UTF8.self).equalsIgnoringASCIICase(urn) else {
            return false
        }
        return text.utf8.count == count || text.utf8.dropFirst(count).first == UInt8(ascii: ":")
    }

    /// `attribute` or `attribute.subAttribute`; `offset` is where the names begin.
    private static func meaning(
        ofNames names: String, at offset: Int, extensionURN: String? = nil,
        lookUp: (String) -> SchemaAttribute?
    ) -> Meaning {
        let parts = names.utf8.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        var partOffset = offset
        for part in parts {
            if let fault = AttributeName.fault(in: part) {
                return .malformed(reason: fault.reason, offset: partOffset + fault.offset)
            }
            partOffset += part.count + 1
        }
        guard let attribute = lookUp(String(decoding: parts[0], as: UTF8.self)) else { return .undefined }
        guard parts.count > 1 else {
            return .attribute(AttributePath(extensionURN: extensionURN, attribute: attribute))
        }
        guard let subAttribute = attribute.subAttribute(String(decoding: parts[1], as: UTF8.self)) else {
            return .undefined
        }
        return .attribute(
            AttributePath(extensionURN: extensionURN, attribute: attribute, subAttribute: subAttribute))
    }

    /// The attribute of a schema that the type does not have.
    private static func meaning(ofUnknownURI text: String, _ lastColon: String.Index) -> Meaning {
        for (offset, byte) in text.utf8[..<lastColon].enumerated() {
            guard isURICharacter(byte), offset > 0 || AttributeName.isLetter(byte) else {
                return .malformed(reason: "no URN and no attribute name has this character", offset: offset)
            }
        }
        guard lastColon > text.startIndex else {
            return .malformed(reason: "an attribute name or a URN is missing before the colon", offset: 0)
        }
        let names = text.utf8[text.utf8.index(after: lastColon)...]
        let offset = text.utf8.distance(from: text.startIndex, to: names.startIndex)
        return meaning(ofNames: String(decoding: names, as: UTF8.self), at: offset) { _ in nil }
    }

    private static func isURICharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: ":"),
            UInt8(ascii: "/"), UInt8(ascii: "?"), UInt8(ascii: "#"), UInt8(ascii: "@"), UInt8(ascii: "!"),
            UInt8(ascii: "$"), UInt8(ascii: "&"), UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"),
            UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "="), UInt8(ascii: "%"):
            true
        default: AttributeName.isLetter(byte) || AttributeName.isDigit(byte)
        }
    }
}
