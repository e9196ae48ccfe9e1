// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import FuzzSupport
import JSON
import SCIM
import Testing

/// Extension schemas from a declarative file (R-11, R-12).
@Suite("Declared schemas")
struct SchemaDeclarationTests {
    private static let urn = "urn:example:scim:schemas:myapp:1.0:User"

    private func read(_ file: JSONValue) -> (registry: SchemaRegistry, problems: [String]) {
        var problems = DeclarationProblems()
        guard let object = DeclaredObject(file, at: "", keys: ["schemas"], &problems) else {
            return (.standard, problems.texts)
        }
        let registry = SchemaRegistry.standard.extended(bySchemasOf: object, &problems)
        return (registry, problems.texts)
    }

    /// A file with one schema that has these attributes.
    private func file(attributes: JSONValue) -> JSONValue {
        [
            "schemas": [
                [
                    "id": .string(Self.urn), "name": "MyApp", "resourceTypes": ["User"],
                    "attributes": attributes,
                ]
            ]
        ]
    }

    private func problems(attribute: String) throws -> [String] {
        read(file(attributes: [try JSONValue(parsing: attribute)])).problems
    }

    // MARK: What is read

    @Test("a declared schema is listed, belongs to its type, and its attributes are found by name in any case")
    func demo() throws {
        let (registry, problems) = read(
            file(attributes: [
                ["name": "isMyAppEnabled", "type": "boolean"], ["name": "myAppValue", "type": "decimal"],
            ]))
        #expect(problems == [])
        #expect(Set(registry.schemas.map(\.id)) == Set(SchemaRegistry.standard.schemas.map(\.id) + [Self.urn]))
        #expect(registry.schemas.count == SchemaRegistry.standard.schemas.count + 1)
        #expect(registry.extensions(for: .user).last?.schema.id == Self.urn)
        #expect(registry.extensions(for: .user).last?.required == false)
        #expect(!registry.extensions(for: .group).contains { $0.schema.id == Self.urn })
        let schema = try #require(registry.schema(Self.urn.uppercased()))
        #expect(schema.attribute("ISMYAPPENABLED")?.type == .boolean)
        #expect(schema.attribute("myappvalue")?.type == .decimal)
        #expect(registry.paths(of: .user) { $0.name == "myAppValue" }.map(\.description) == ["\(Self.urn):myAppValue"])
        let type = registry.resourceTypeJSON(.user, baseURL: "https://host.test/scim/v2")
        #expect(
            type["schemaExtensions"]?.arrayValue?.last == ["schema": .string(Self.urn), "required": false])
        let shown = registry.schemasJSON(baseURL: "https://host.test/scim/v2").first { $0["id"] == .string(Self.urn) }
        #expect(shown?["name"] == "MyApp")
        #expect(shown?["meta"]?["location"] == .string("https://host.test/scim/v2/Schemas/\(Self.urn)"))
    }

    @Test("what is not given has the default of RFC 7643 section 2.2")
    func defaults() throws {
        let schema = try #require(
            read(file(attributes: [["name": "a", "type": "string"], ["name": "b", "type": "binary"]])).registry
                .schema(Self.urn))
        #expect(
            schema.attribute("a")?.json == [
                "name": "a", "type": "string", "multiValued": false, "description": "", "required": false,
                "caseExact": false, "mutability": "readWrite", "returned": "default", "uniqueness": "none",
            ])
        #expect(schema.attribute("b")?.caseExact == true)
        #expect(schema.description == "")
    }

    @Test("every characteristic of RFC 7643 section 7 comes back in /Schemas as it was declared")
    func allCharacteristics() throws {
        let attribute = try JSONValue(
            parsing: """
                {"name": "offices", "type": "complex", "multiValued": true, "description": "Where", "required": true,
                 "mutability": "immutable", "returned": "always", "uniqueness": "none", "subAttributes": [
                    {"name": "value", "type": "string", "multiValued": false, "description": "d", "required": true,
                     "canonicalValues": ["A", "B"], "caseExact": true, "mutability": "readWrite",
                     "returned": "request", "uniqueness": "none"},
                    {"name": "$ref", "type": "reference", "multiValued": false, "description": "", "required": false,
                     "caseExact": true, "mutability": "readOnly", "returned": "default", "uniqueness": "none",
                     "referenceTypes": ["User", "external"]},
                    {"name": "since", "type": "dateTime", "multiValued": false, "description": "", "required": false,
                     "mutability": "readWrite", "returned": "default", "uniqueness": "none"}]}
                """)
        let (registry, problems) = read(file(attributes: [attribute]))
        #expect(problems == [])
        #expect(registry.schema(Self.urn)?.attribute("offices")?.json == attribute)
    }

    @Test("a schema may belong to both types, and be required")
    func bothTypes() throws {
        let (registry, problems) = read([
            "schemas": [
                [
                    "id": "urn:x:y", "name": "Y", "resourceTypes": ["Group", "User"], "required": true,
                    "attributes": [["name": "a", "type": "string"]],
                ]
            ]
        ])
        #expect(problems == [])
        for type in ResourceType.allCases {
            #expect(registry.extensions(for: type).last?.schema.id == "urn:x:y")
            #expect(registry.extensions(for: type).last?.required == true)
        }
        #expect(registry.schemas.filter { $0.id == "urn:x:y" }.count == 1)
    }

    @Test("what a random declaration says is what /Schemas says, and can be declared again", arguments: 0..<50)
    func roundTrip(round: Int) throws {
        let seed = SeededGenerator.seedOfThisRun &+ UInt64(round)
        var generator = SeededGenerator(seed: seed)
        let attributes = JSONValue.array((0..<8).map { Self.attribute($0, isInner: false, using: &generator) })
        let (registry, problems) = read(file(attributes: attributes))
        #expect(problems == [], "seed \(seed)")
        let shown = try #require(registry.schema(Self.urn)).attributes.map(\.json)
        let again = try #require(read(file(attributes: .array(shown))).registry.schema(Self.urn)).attributes.map(\.json)
        #expect(again == shown, "seed \(seed)")
        for (declared, shown) in zip(attributes.arrayValue ?? [], shown) {
            for (key, value) in declared.objectValue ?? [:] where key != "subAttributes" {
                #expect(shown[key] == value, "\(key), seed \(seed)")
            }
        }
    }

    private static func attribute(
        _ number: Int, isInner: Bool, using generator: inout SeededGenerator
    ) -> JSONValue {
        func coin() -> Bool { Bool.random(using: &generator) }
        func pick(_ choices: [String]) -> String { choices.randomElement(using: &generator) ?? choices[0] }
        let types = ["string", "boolean", "decimal", "integer", "dateTime", "reference", "binary"]
        let type = pick(isInner ? types : types + ["complex"])
        var attribute: JSONObject = ["name": .string("a-\(number)_B"), "type": .string(type)]
        if coin() { attribute["description"] = "d" }
        if coin(), !isInner { attribute["multiValued"] = .bool(coin()) }
        if coin() { attribute["mutability"] = .string(pick(["readWrite", "immutable"])) }
        if coin() { attribute["required"] = .bool(coin()) }
        if coin() { attribute["returned"] = .string(pick(["always", "default", "request"])) }
        if coin() { attribute["uniqueness"] = "none" }
        switch type {
        case "string":
            if coin() { attribute["canonicalValues"] = ["x", "Y"] }
            if coin() { attribute["caseExact"] = .bool(coin()) }
        case "reference": attribute["referenceTypes"] = [.string(pick(["User", "Group", "external", "uri"]))]
        case "complex":
            attribute["subAttributes"] = .array(
                (0..<3).map { Self.attribute($0, isInner: true, using: &generator) })
        default: break
        }
        return .object(attribute)
    }

    // MARK: What is refused

    @Test("a broken file lists everything that is wrong with it, each with its JSON path")
    func allProblems() throws {
        let file = try JSONValue(
            parsing: """
                {"schemas": [
                    {"id": "https://example.org/x", "name": "", "resourceTypes": ["Device"], "attributes": [
                        {"name": "1st", "type": "float"},
                        {"name": "x", "type": "string", "multivalued": true, "uniqueness": "server"},
                        {"name": "X", "type": "complex", "subAttributes": []}]},
                    {"id": 7, "resourceTypes": "User", "attributes": {}},
                    {"id": "urn:ietf:params:scim:schemas:core:2.0:USER", "name": "U", "resourceTypes": [],
                     "attributes": [{"name": "y", "type": "string", "returned": "never", "mutability": "writeOnly"}]}],
                 "schema": []}
                """)
        #expect(
            read(file).problems == [
                #"the file has the unknown key "schema"; known are schemas"#,
                "schemas[0].id: must be a URN that begins with urn:",
                "schemas[0].name: must not be blank",
                #"schemas[0].resourceTypes[0]: must be User or Group, not "Device""#,
                "schemas[0].attributes[0].name: must begin with a letter",
                "schemas[0].attributes[0].type: must be one of string, boolean, decimal, integer, dateTime, reference, "
                    + #"binary, complex, not "float""#,
                #"schemas[0].attributes[1]: has the unknown key "multivalued"; known are name, type, multiValued, "#
                    + "description, required, canonicalValues, caseExact, mutability, returned, uniqueness, "
                    + "referenceTypes, subAttributes",
                "schemas[0].attributes[1].uniqueness: must be none: the service keeps only names and mail addresses "
                    + "unique",
                "schemas[0].attributes[2].subAttributes: must not be empty",
                "schemas[0].attributes[2].name: is the name of another attribute here",
                "schemas[1].id: must be a string",
                "schemas[1].name: is required",
                "schemas[1].resourceTypes: must be an array",
                "schemas[1].attributes: must be an array",
                "schemas[2].resourceTypes: must name User, Group or both",
                "schemas[2].attributes[0].mutability: must not be writeOnly: values are kept in readable form and "
                    + "published in events",
                "schemas[2].attributes[0].returned: must not be never: values are kept in readable form and published "
                    + "in events",
                "schemas[2].id: is the URN of another schema",
            ])
    }

    @Test(
        "an attribute that cannot be is refused with the place and the reason",
        arguments: [
            (#"{"type": "string"}"#, ".name: is required"),
            (#"{"name": "a"}"#, ".type: is required"),
            (#"{"name": 7, "type": "string"}"#, ".name: must be a string"),
            (#"{"name": "a.b", "type": "string"}"#, ".name: must have letters, digits, - and _ only"),
            (#"{"name": "é", "type": "string"}"#, ".name: must begin with a letter"),
            (#"{"name": "", "type": "string"}"#, ".name: must begin with a letter"),
            (#"{"name": "$ref", "type": "string"}"#, ".name: must not be $ref, which is a sub-attribute"),
            (#"{"name": "Meta", "type": "string"}"#, ".name: must not be Meta, which every resource has"),
            (
                #"{"name": "a", "type": "string", "multiValued": "true"}"#, ".multiValued: must be true or false"
            ),
            (
                #"{"name": "a", "type": "string", "mutability": "readonly"}"#,
                #".mutability: must be one of readOnly, readWrite, immutable, writeOnly, not "readonly""#
            ),
            (
                #"{"name": "a", "type": "string", "mutability": "readOnly", "required": true}"#,
                ".required: must be false, because nobody can give a readOnly value"
            ),
            (
                #"{"name": "a", "type": "string", "uniqueness": "global"}"#,
                ".uniqueness: must be none: the service keeps only names and mail addresses unique"
            ),
            (
                #"{"name": "a", "type": "integer", "canonicalValues": ["1"]}"#,
                ".canonicalValues: is for the type string or reference only"
            ),
            (
                #"{"name": "a", "type": "string", "canonicalValues": ["x", "x"]}"#,
                ".canonicalValues[1]: is given twice"
            ),
            (
                #"{"name": "a", "type": "string", "canonicalValues": [1]}"#, ".canonicalValues[0]: must be a string"
            ),
            (
                #"{"name": "a", "type": "string", "referenceTypes": ["User"]}"#,
                ".referenceTypes: is for the type reference only"
            ),
            (#"{"name": "a", "type": "reference"}"#, ".referenceTypes: is required"),
            (#"{"name": "a", "type": "reference", "referenceTypes": []}"#, ".referenceTypes: must not be empty"),
            (
                #"{"name": "a", "type": "reference", "referenceTypes": ["Device"]}"#,
                #".referenceTypes[0]: must be one of User, Group, external, uri, not "Device""#
            ),
            (
                #"{"name": "a", "type": "binary", "caseExact": false}"#, ".caseExact: must be true for the type binary"
            ),
            (#"{"name": "a", "type": "complex"}"#, ".subAttributes: is required"),
            (
                #"{"name": "a", "type": "string", "subAttributes": []}"#,
                ".subAttributes: is for the type complex only"
            ),
            (
                #"{"name": "a", "type": "complex", "subAttributes": [{"name": "b", "type": "complex"}]}"#,
                ".subAttributes[0].type: must not be complex in a sub-attribute (RFC 7643 section 2.3.8)"
            ),
            (
                #"{"name": "a", "type": "complex", "subAttributes": [{"name": "b", "type": "string", "multiValued": true}]}"#,
                ".subAttributes[0].multiValued: must be false in a sub-attribute"
            ),
            (
                #"{"name": "a", "type": "complex", "subAttributes": [{"name": "b", "type": "string"}, {"name": "B", "type": "string"}]}"#,
                ".subAttributes[1].name: is the name of another attribute here"
            ),
            ("7", ": must be an object"),
        ])
    func brokenAttribute(text: String, problem: String) throws {
        #expect(try problems(attribute: text) == ["schemas[0].attributes[0]\(problem)"])
    }

    @Test(
        "a URN that cannot be told from others, or from the path of an attribute, is refused",
        arguments: [
            ("urn:x", "must be a URN with a namespace and a name, such as urn:example:scim:schemas:myapp:1.0:User"),
            ("urn:x:", "must be a URN with a namespace and a name, such as urn:example:scim:schemas:myapp:1.0:User"),
            ("urn:x::y", "must be a URN with a namespace and a name, such as urn:example:scim:schemas:myapp:1.0:User"),
            ("URN:x:y", "must be a URN that begins with urn:"),
            ("urn:x:y z", "must be a URN of letters, digits, : . - and _"),
            ("urn:x:\"y", "must be a URN of letters, digits, : . - and _"),
            ("urn:x:ü", "must be a URN of letters, digits, : . - and _"),
            ("\(SchemaURN.enterpriseUser)", "is the URN of another schema"),
            ("\(SchemaURN.sync.uppercased().replacing("URN:", with: "urn:"))", "is the URN of another schema"),
            (
                "\(SchemaURN.user):extra",
                "must not begin as, or be the beginning of, the URN \(SchemaURN.user)"
            ),
            (
                "urn:ietf:params:scim:schemas",
                "must not begin as, or be the beginning of, the URN \(SchemaURN.user)"
            ),
        ])
    func urns(urn: String, problem: String) {
        let (_, problems) = read([
            "schemas": [
                [
                    "id": .string(urn), "name": "x", "resourceTypes": ["User"],
                    "attributes": [["name": "a", "type": "string"]],
                ]
            ]
        ])
        #expect(problems == ["schemas[0].id: \(problem)"])
    }

    @Test("sizes are bounded")
    func limits() {
        let attribute: JSONValue = ["name": "a", "type": "string"]
        #expect(
            read(file(attributes: .array([JSONValue](repeating: attribute, count: 129)))).problems == [
                "schemas[0].attributes: must have at most 128 elements, not 129"
            ])
        #expect(
            read(["schemas": .array([JSONValue](repeating: [:], count: 17))]).problems == [
                "schemas: must have at most 16 elements, not 17"
            ])
        let long = String(repeating: "a", count: 65)
        #expect(
            read(file(attributes: [["name": .string(long), "type": "string"]])).problems == [
                "schemas[0].attributes[0].name: must have at most 64 bytes, and no U+0000"
            ])
        // The list of problems is, too.
        let wrong = JSONValue.array((0..<128).map { ["name": .string("a\($0)"), "type": "x"] })
        let problems = read(file(attributes: wrong)).problems
        #expect(problems.count == DeclarationProblems.limit + 1)
        #expect(problems.last == "there are more than 100 problems; the others are not listed")
    }

    @Test("no JSON value whatsoever is more than a problem")
    func anything() {
        var generator = SeededGenerator(seed: SeededGenerator.seedOfThisRun)
        for _ in 0..<500 {
            _ = read(RandomResource.value(depth: 4, using: &generator))
            _ = read(["schemas": RandomResource.value(depth: 4, using: &generator)])
            _ = read(file(attributes: RandomResource.value(depth: 4, using: &generator)))
        }
    }
}
