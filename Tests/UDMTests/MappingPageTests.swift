// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSON
import SCIM
import Testing
import UDM

/// `docs/mapping.md` is the whole mapping: every line of the table is on the page, and nothing else is.
@Suite struct MappingPageTests {
    /// A line of the mapping: the attribute as in ``MappedPath``, and one of its properties.
    private struct Line: Hashable, CustomStringConvertible {
        let type: ResourceType
        let attribute: String
        let property: String

        var description: String { "\(type.rawValue) \(attribute) \(property)" }
    }

    /// A row of a table of the page: the names in its cells, and where it stands.
    private struct Row {
        let section: String
        let schema: String?
        let cells: [[String]]
    }

    private static let ownRules = "What the bridge sets by rules of its own"

    private let page: [Substring]
    private let rows: [Row]

    init() throws {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("docs/mapping.md")
        page = try String(contentsOf: path, encoding: .utf8).split(separator: "\n")
        var rows: [Row] = []
        var section = ""
        var schema: String?
        for line in page {
            if line.hasPrefix("## ") {
                section = String(line.dropFirst(3))
                schema = nil
            } else if line.hasPrefix("### ") {
                schema = Self.names(in: line).first { $0.hasPrefix("urn:") }
            } else if line.hasPrefix("| "), !section.isEmpty {
                let cells = line.split(separator: "|").map { Self.names(in: $0) }
                rows.append(Row(section: section, schema: schema, cells: cells))
            }
        }
        self.rows = rows
    }

    /// What stands between backticks.
    private static func names(in text: some StringProtocol) -> [String] {
        text.split(separator: "`", omittingEmptySubsequences: false).enumerated()
            .filter { $0.offset % 2 == 1 }.map { String($0.element) }
    }

    private static func title(of type: ResourceType) -> String {
        switch type {
        case .user: "User: `\(UDMModule.user.rawValue)`"
        case .group: "Group: `\(UDMModule.group.rawValue)`"
        }
    }

    /// Nil for the core schema.
    private static func extensionURN(_ schema: String?, of type: ResourceType) -> String? {
        schema == type.coreSchema ? nil : schema
    }

    /// The lines of the standard table.
    private static let mapped: Set<Line> = {
        let mapping = UDMMapping(
            rules: DirectoryRules(), optionalProperties: MappingTable.standard.optionalProperties)
        var lines: Set<Line> = []
        for type in ResourceType.allCases {
            for rule in MappingTable.standard.rules(for: type) {
                var properties = mapping.properties(of: rule.attribute, type: type)
                if case .valuesByType(let types, scheme: _) = rule.kind {
                    properties.formUnion(types.filter { $0.isReadOnly }.map { $0.property })
                }
                for property in properties {
                    lines.insert(Line(type: type, attribute: rule.attribute.description, property: property))
                }
            }
        }
        return lines
    }()

    /// The lines of the page.
    private func found() throws -> [Line] {
        var lines: [Line] = []
        for type in ResourceType.allCases {
            let attributes = Set(MappingTable.standard.rules(for: type).map { $0.attribute })
            for row in rows where row.section == Self.title(of: type) && row.cells.count > 2 {
                guard let text = row.cells[0].first, let property = row.cells[1].first else { continue }
                // Filters say which values go there.
                var path = try #require(MappedPath(parsing: String(text.prefix { $0 != "[" })))
                path.schema = Self.extensionURN(row.schema, of: type)
                if !attributes.contains(path) { path.subAttribute = nil }
                lines.append(Line(type: type, attribute: path.description, property: property))
            }
        }
        return lines
    }

    @Test("every line of the mapping is on the page, once, and no other")
    func lines() throws {
        let lines = try found()
        #expect(Self.mapped.count > 30)
        #expect(Self.mapped.subtracting(lines).isEmpty, "not on the page")
        #expect(Set(lines).subtracting(Self.mapped).isEmpty, "not in the mapping")
        #expect(Set(lines).count == lines.count)
    }

    @Test("every attribute of the schemas has a line, or stands among those without a property")
    func attributes() throws {
        let rest = rows.filter { $0.section == "What has no property" && $0.cells.count > 1 }.flatMap { $0.cells[1] }
        let own = rows.filter { $0.section == Self.ownRules }.flatMap { $0.cells[0] }
        #expect(rest.count > 10)
        for type in ResourceType.allCases {
            let schemas =
                [SchemaRegistry.standard.coreSchema(for: type)]
                + SchemaRegistry.standard.extensions(for: type).map(\.schema).filter { $0.id != SchemaURN.sync }
            for schema in schemas {
                let urn = Self.extensionURN(schema.id, of: type)
                for attribute in schema.attributes {
                    let path = MappedPath(attribute.name, in: urn).description
                    let isMapped = Self.mapped.contains {
                        $0.type == type && ($0.attribute == path || $0.attribute.hasPrefix("\(path)."))
                    }
                    let isNamed = urn == nil ? own.contains(attribute.name) : false
                    #expect(isMapped || isNamed || rest.contains(attribute.name), "\(path)")
                    #expect(!(isMapped && rest.contains(attribute.name)), "\(path) has a property")
                }
            }
        }
        // Parts of the name that go nowhere.
        let parts = try #require(Schema.user.attribute("name")).subAttributes.map { "name.\($0.name)" }
        for part in parts {
            let isMapped = Self.mapped.contains { $0.attribute == part }
            #expect(rest.contains(part) != isMapped, "\(part)")
        }
    }

    @Test("what the bridge sets by rules of its own is on the page")
    func own() {
        let section = rows.filter { $0.section == Self.ownRules && $0.cells.count > 1 }
        let expected = Set(RandomPassword.properties().keys).union(MemberDelta.listProperties)
            .union([UDMObject.identifierProperty, "groups", "SCHEMA_FILE"])
        #expect(Set(section.flatMap { $0.cells[1] }) == expected)
    }

    @Test("properties that a directory may lack are marked")
    func optional() {
        let marked = page.filter { $0.contains("| *if named*") }.compactMap { line in
            Self.names(in: line.split(separator: "|")[1]).first
        }
        // UDM derives it, so that it makes no difference whether it is named.
        let expected = MappingTable.standard.optionalProperties.subtracting(["guardianInheritedRoles"])
        #expect(Set(marked) == expected)
    }
}
