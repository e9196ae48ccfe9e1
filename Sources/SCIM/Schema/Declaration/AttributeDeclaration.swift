// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// Reads an attribute with the characteristics of RFC 7643 section 7. What is not given has the default of section 2.2.
struct AttributeDeclaration {
    static let maximumSubAttributes = 32
    static let maximumCanonicalValues = 256

    private static let keys = [
        "name", "type", "multiValued", "description", "required", "canonicalValues", "caseExact", "mutability",
        "returned", "uniqueness", "referenceTypes", "subAttributes",
    ]
    private static let referenceTypes = ResourceType.allCases.map(\.rawValue) + ["external", "uri"]

    private let object: DeclaredObject
    /// The attribute is a sub-attribute.
    private let isInner: Bool

    private init(_ object: DeclaredObject, isInner: Bool) {
        self.object = object
        self.isInner = isInner
    }

    /// The attributes of a schema, or the sub-attributes of an attribute.
    static func attributes(
        of object: DeclaredObject, _ key: String, isInner: Bool = false, atMost limit: Int,
        _ problems: inout DeclarationProblems
    ) -> [SchemaAttribute] {
        guard object.required(key, &problems) != nil else { return [] }
        if object.value(key) == [] { problems.report("must not be empty", at: object.path(of: key)) }
        var attributes: [SchemaAttribute] = []
        for (value, path) in object.elements(key, atMost: limit, &problems) {
            guard let object = DeclaredObject(value, at: path, keys: keys, &problems),
                let attribute = AttributeDeclaration(object, isInner: isInner).read(&problems)
            else { continue }
            guard !attributes.contains(where: { $0.name.equalsIgnoringASCIICase(attribute.name) }) else {
                problems.report("is the name of another attribute here", at: object.path(of: "name"))
                continue
            }
            attributes.append(attribute)
        }
        return attributes
    }

    /// - Returns: nil, with the problem noted, when there is no name or type.
    private func read(_ problems: inout DeclarationProblems) -> SchemaAttribute? {
        let name = object.requiredText("name", longest: 64, &problems)
        if let name, let fault = fault(inName: name) { problems.report(fault, at: object.path(of: "name")) }
        let type = readType(&problems)
        let multiValued = readMultiValued(&problems)
        let mutability = readMutability(&problems)
        let required = object.flag("required", default: false, &problems)
        if required, mutability == .readOnly {
            problems.report("must be false, because nobody can give a readOnly value", at: object.path(of: "required"))
        }
        checkUniqueness(&problems)
        let returned = readReturned(&problems)
        guard let name, let type else { return nil }
        let attribute = SchemaAttribute(
            name, object.text("description", &problems) ?? "", type: type, multiValued: multiValued, required: required,
            canonicalValues: readCanonicalValues(type, &problems), caseExact: readCaseExact(type, &problems),
            mutability: mutability, returned: returned, referenceTypes: readReferenceTypes(type, &problems),
            subAttributes: readSubAttributes(type, &problems))
        return attribute
    }

    /// ATTRNAME of RFC 7643 section 2.1; `$ref` is the one name beyond it, and a sub-attribute.
    private func fault(inName name: String) -> String? {
        if name == "$ref" { return isInner ? nil : "must not be $ref, which is a sub-attribute" }
        guard let first = name.unicodeScalars.first, first.isASCII, first.properties.isAlphabetic else {
            return "must begin with a letter"
        }
        let isName = name.unicodeScalars.allSatisfy { scalar in
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", "-", "_": true
            default: false
            }
        }
        guard isName else { return "must have letters, digits, - and _ only" }
        // Every resource has them (section 3.1), and clients leave the URN out of their paths.
        let isCommon = SchemaRegistry.commonAttributes.contains { $0.name.equalsIgnoringASCIICase(name) }
        return isCommon && !isInner ? "must not be \(name), which every resource has" : nil
    }

    // MARK: Characteristics

    private func readType(_ problems: inout DeclarationProblems) -> SchemaAttribute.Kind? {
        guard object.required("type", &problems) != nil else { return nil }
        guard let type = object.choice("type", of: SchemaAttribute.Kind.allCases, &problems) else { return nil }
        guard type == .complex, isInner else { return type }
        problems.report("must not be complex in a sub-attribute (RFC 7643 section 2.3.8)", at: object.path(of: "type"))
        return nil
    }

    private func readMultiValued(_ problems: inout DeclarationProblems) -> Bool {
        let multiValued = object.flag("multiValued", default: false, &problems)
        guard multiValued, isInner else { return multiValued }
        problems.report("must be false in a sub-attribute", at: object.path(of: "multiValued"))
        return false
    }

    private func readMutability(_ problems: inout DeclarationProblems) -> SchemaAttribute.Mutability {
        let choice = object.choice("mutability", of: SchemaAttribute.Mutability.allCases, &problems) ?? .readWrite
        guard choice == .writeOnly else { return choice }
        problems.report(
            "must not be writeOnly: values are kept in readable form and published in events",
            at: object.path(of: "mutability"))
        return .readWrite
    }

    private func readReturned(_ problems: inout DeclarationProblems) -> SchemaAttribute.Returned {
        let choice = object.choice("returned", of: SchemaAttribute.Returned.allCases, &problems) ?? .default
        guard choice == .never else { return choice }
        problems.report(
            "must not be never: values are kept in readable form and published in events",
            at: object.path(of: "returned"))
        return .default
    }

    private func checkUniqueness(_ problems: inout DeclarationProblems) {
        let choice = object.choice("uniqueness", of: SchemaAttribute.Uniqueness.allCases, &problems) ?? .none
        guard choice != .none else { return }
        problems.report(
            "must be none: the service keeps only names and mail addresses unique", at: object.path(of: "uniqueness"))
    }

    private func readCanonicalValues(
        _ type: SchemaAttribute.Kind, _ problems: inout DeclarationProblems
    ) -> [String] {
        guard object.contains("canonicalValues") else { return [] }
        guard type == .string || type == .reference else {
            problems.report("is for the type string or reference only", at: object.path(of: "canonicalValues"))
            return []
        }
        return object.texts("canonicalValues", atMost: Self.maximumCanonicalValues, &problems).map(\.text)
    }

    /// References and binary values are always caseExact (RFC 7643 sections 2.3.6 and 2.3.7).
    private func readCaseExact(_ type: SchemaAttribute.Kind, _ problems: inout DeclarationProblems) -> Bool {
        let isExactType = type == .reference || type == .binary
        let caseExact = object.flag("caseExact", default: isExactType, &problems)
        if isExactType, !caseExact {
            problems.report("must be true for the type \(type.rawValue)", at: object.path(of: "caseExact"))
        }
        return caseExact
    }

    private func readReferenceTypes(
        _ type: SchemaAttribute.Kind, _ problems: inout DeclarationProblems
    ) -> [String] {
        let path = object.path(of: "referenceTypes")
        guard type == .reference else {
            if object.contains("referenceTypes") { problems.report("is for the type reference only", at: path) }
            return []
        }
        guard object.required("referenceTypes", &problems) != nil else { return [] }
        if object.value("referenceTypes") == [] { problems.report("must not be empty", at: path) }
        return object.texts("referenceTypes", atMost: Self.referenceTypes.count, &problems).compactMap { name, path in
            if Self.referenceTypes.contains(name) { return name }
            problems.report(
                "must be one of \(Self.referenceTypes.joined(separator: ", ")), not \(DeclaredObject.shown(name))",
                at: path)
            return nil
        }
    }

    private func readSubAttributes(
        _ type: SchemaAttribute.Kind, _ problems: inout DeclarationProblems
    ) -> [SchemaAttribute] {
        guard type == .complex else {
            if object.contains("subAttributes") {
                problems.report("is for the type complex only", at: object.path(of: "subAttributes"))
            }
            return []
        }
        return Self.attributes(
            of: object, "subAttributes", isInner: true, atMost: Self.maximumSubAttributes, &problems)
    }
}
