// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import FuzzSupport
import JSON
import Postgres
import SCIM
import SCIMTestSupport
import Testing

@testable import Storage

@Suite("Filters in SQL agree with the evaluator", .serialized, .timeLimit(.minutes(5))) struct FilterPropertyTests {
    @Test("for random filters and random resources", arguments: [1, 2] as [UInt64])
    func agreement(seed: UInt64) async throws {
        let seed = seed &+ SeededGenerator.seedOffset
        var generator = SeededGenerator(seed: seed)
        try await StorageFixture.run { fixture in
            let directory = try await Directory.make(users: 80, groups: 25, in: fixture, using: &generator)
            var matched = 0
            for round in 0..<1200 {
                for type in ResourceType.allCases {
                    let resources = directory.resources(type)
                    let random = RandomFilter.filter(
                        for: type, depth: Int.random(in: 0...3, using: &generator), using: &generator)
                    let filter = random.withValues(from: Array(resources.values), using: &generator)
                    let expected = Set(resources.filter { filter.matches($0.value) }.keys)
                    let found = try await fixture.ids(type, filter)
                    if found != expected {
                        let wrong = found.symmetricDifference(expected).compactMap { resources[$0] }
                        Issue.record("seed \(seed), round \(round): \(filter)\nwrong for \(wrong[0])")
                        return
                    }
                    if !found.isEmpty && found.count < resources.count { matched += 1 }
                }
            }
            // Otherwise the filters and the resources have nothing to do with each other.
            #expect(matched > 800, "seed \(seed)")
        }
    }

    @Test("also as pages and totals", arguments: [3] as [UInt64])
    func pages(seed: UInt64) async throws {
        let seed = seed &+ SeededGenerator.seedOffset
        var generator = SeededGenerator(seed: seed)
        try await StorageFixture.run { fixture in
            let directory = try await Directory.make(users: 60, groups: 20, in: fixture, using: &generator)
            for round in 0..<200 {
                var selections: [ListQuery.Selection] = []
                var expected: [ResourceID] = []
                for type in ResourceType.allCases {
                    let resources = directory.resources(type)
                    let random = RandomFilter.filter(for: type, depth: 2, using: &generator)
                    let filter = random.withValues(from: Array(resources.values), using: &generator)
                    selections.append(.init(type, filter: filter))
                    expected += resources.filter { filter.matches($0.value) }.keys
                }
                expected.sort()
                let start = Int.random(in: 1...5, using: &generator)
                let count = Int.random(in: 1...80, using: &generator)
                let page = try await fixture.store.list(
                    ListQuery(
                        tenant: "default", client: "idp", baseURL: testBaseURL, selections, start: .index(Int64(start)),
                        count: count))
                try #require(page.total == expected.count, "seed \(seed), round \(round): \(selections)")
                try #require(
                    page.resources.map(\.id) == Array(expected.dropFirst(start - 1).prefix(count)),
                    "seed \(seed), round \(round): \(selections)")
            }
        }
    }
}

extension StorageFixture {
    /// Who matches, by the SQL condition alone.
    func ids(_ type: ResourceType, _ filter: Filter, client: String = "idp") async throws -> Set<ResourceID> {
        var compiler = FilterCompiler(
            type: type, parts: StatementParts(tenant: "default", client: client, baseURL: testBaseURL))
        let condition = compiler.condition(filter)
        let tables = compiler.parts.tables.joined(separator: ", ")
        let with = tables.isEmpty ? "" : "WITH RECURSIVE \(tables) "
        let result = try await connection.execute(
            PostgresStatement(
                unnamed: """
                    \(with)SELECT r.id FROM resource r
                    WHERE r.tenant = $1::text AND r.type = '\(type.rawValue)'\(condition.conjunct)
                    """), compiler.parts.parameters)
        return Set(try result.map { try $0.id(0) })
    }
}

extension Filter {
    /// The same with values that resources have, for about half of the comparisons.
    func withValues(from resources: [JSONObject], using generator: inout SeededGenerator) -> Filter {
        withValues(of: nil, from: resources, using: &generator)
    }

    private func withValues(
        of owner: AttributePath?, from resources: [JSONObject], using generator: inout SeededGenerator
    ) -> Filter {
        func all(_ filters: [Filter]) -> [Filter] {
            filters.map { $0.withValues(of: owner, from: resources, using: &generator) }
        }
        switch self {
        case .constant, .present: return self
        case .and(let filters): return .and(all(filters))
        case .or(let filters): return .or(all(filters))
        case .not(let filter): return .not(filter.withValues(of: owner, from: resources, using: &generator))
        case .value(let path, let filter):
            return .value(path, filter.withValues(of: path, from: resources, using: &generator))
        case .compare(let path, let comparison, let literal):
            guard Bool.random(using: &generator) else { return self }
            let full =
                owner.map {
                    AttributePath(
                        extensionURN: $0.extensionURN, attribute: $0.attribute, subAttribute: path.attribute)
                } ?? path
            for _ in 0..<5 {
                guard let resource = resources.randomElement(using: &generator),
                    let value = full.values(in: resource).randomElement(using: &generator)
                else { continue }
                switch (literal, value) {
                case (.string, .string(let text)):
                    let part = Self.part(of: text, comparison, using: &generator)
                    return .compare(path, comparison, .string(part))
                case (.number, .number(let number)): return .compare(path, comparison, .number(number))
                case (.dateTime, .string(let text)):
                    guard let time = Timestamp(iso8601: text) else { continue }
                    return .compare(path, comparison, .dateTime(time))
                default: continue
                }
            }
            return self
        }
    }

    private static func part(
        of text: String, _ comparison: Comparison, using generator: inout SeededGenerator
    ) -> String {
        let scalars = Array(text.unicodeScalars)
        let cut = Int.random(in: 0...scalars.count, using: &generator)
        var part = String.UnicodeScalarView()
        switch comparison {
        case .startsWith: part.append(contentsOf: scalars[..<cut])
        case .endsWith: part.append(contentsOf: scalars[cut...])
        case .contains: part.append(contentsOf: scalars[cut...].prefix(3))
        default: part.append(contentsOf: scalars)
        }
        return Bool.random(using: &generator) ? String(part) : String(part).uppercased()
    }
}

extension AttributePath {
    fileprivate func values(in resource: JSONObject) -> [JSONValue] {
        let owner = extensionURN.map { resource[$0]?.objectValue ?? JSONObject() } ?? resource
        guard let value = owner[attribute.name] else { return [] }
        let elements = value.arrayValue ?? [value]
        guard let subAttribute else { return elements }
        return elements.compactMap { $0[subAttribute.name] }
    }
}
