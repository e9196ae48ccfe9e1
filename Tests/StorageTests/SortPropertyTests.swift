// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import FuzzSupport
import JSON
import Postgres
import SCIM
import SCIMTestSupport
import Testing

@testable import Storage

@Suite("Sorting in SQL agrees with SortKey", .serialized, .timeLimit(.minutes(5))) struct SortPropertyTests {
    private let registry = RandomFilter.registry
    /// Shown as they are, so that what is shown tells the order.
    private let instants = ["2026-11-21T09:15:29.000Z", "2026-11-21T09:15:29.001Z", "2026-11-21T09:15:30.000Z"]

    @Test("by every attribute, up and down, as pages by index and by cursor")
    func everyAttribute() async throws {
        let seed = 11 &+ SeededGenerator.seedOffset
        var generator = SeededGenerator(seed: seed)
        try await StorageFixture.run { fixture in
            let directory = try await Directory.make(
                users: 50, groups: 15, instants: instants, in: fixture, using: &generator)
            var sorted = 0
            for type in ResourceType.allCases {
                for path in RandomFilter.paths(of: type) {
                    // A complex attribute without `value` cannot be sorted by.
                    guard let key = try? SortKey.parse(path.description, for: type, registry: registry) else {
                        continue
                    }
                    let isDescending = Bool.random(using: &generator)
                    let expected = Self.sorted(directory.resources(type), by: key, isDescending)
                    let query = ListQuery(
                        tenant: "default", client: "idp", baseURL: testBaseURL, [.init(type, sortKey: key)],
                        isDescending: isDescending, count: Int.random(in: 1...20, using: &generator))
                    for pages in [try await fixture.pagesByIndex(query), try await fixture.pagesByCursor(query)] {
                        try #require(
                            pages == expected, "seed \(seed): \(type) by \(path), descending: \(isDescending)")
                    }
                    sorted += 1
                }
            }
            #expect(sorted > 100)
        }
    }

    @Test("with filters and over both types", arguments: [12, 13] as [UInt64])
    func filtered(seed: UInt64) async throws {
        let seed = seed &+ SeededGenerator.seedOffset
        var generator = SeededGenerator(seed: seed)
        try await StorageFixture.run { fixture in
            let directory = try await Directory.make(
                users: 40, groups: 20, instants: instants, in: fixture, using: &generator)
            let names = [
                "displayName", "meta.lastModified", "meta.resourceType", "userName", "externalId", "title", "id",
            ]
            for round in 0..<120 {
                let isDescending = Bool.random(using: &generator)
                let name = names.randomElement(using: &generator) ?? "id"
                var selections: [ListQuery.Selection] = []
                var resources: [ResourceID: JSONObject] = [:]
                var keys: [ResourceType: SortKey] = [:]
                for type in ResourceType.allCases.prefix(Int.random(in: 1...2, using: &generator)) {
                    let filter = RandomFilter.filter(for: type, depth: 1, using: &generator)
                    let key = try SortKey.parse(name, for: type, registry: registry)
                    keys[type] = key
                    selections.append(.init(type, filter: filter, sortKey: key))
                    resources.merge(directory.resources(type).filter { filter.matches($0.value) }) { one, _ in one }
                }
                let expected = Self.sorted(resources, isDescending) { resource in
                    let type = resource["meta"]?["resourceType"]?.stringValue.flatMap { ResourceType(rawValue: $0) }
                    return type.flatMap { keys[$0] }
                }
                let query = ListQuery(
                    tenant: "default", client: "idp", baseURL: testBaseURL, selections, isDescending: isDescending,
                    count: Int.random(in: 1...9, using: &generator))
                for pages in [try await fixture.pagesByIndex(query), try await fixture.pagesByCursor(query)] {
                    try #require(pages == expected, "seed \(seed), round \(round): \(selections), \(isDescending)")
                }
            }
        }
    }

    @Test("with filters that an index answers, whose lists have one plan for all values", arguments: [14] as [UInt64])
    func prepared(seed: UInt64) async throws {
        let seed = seed &+ SeededGenerator.seedOffset
        var generator = SeededGenerator(seed: seed)
        try await StorageFixture.run { fixture in
            let directory = try await Directory.make(
                users: 60, groups: 30, instants: instants, in: fixture, using: &generator)
            var found = 0
            for round in 0..<200 {
                let type = ResourceType.allCases[round % 2]
                let resources = directory.resources(type)
                let values = resources.values.flatMap { resource in
                    ["userName", "displayName"].compactMap { resource[$0]?.stringValue }
                }
                let text = Self.indexedFilter(type, values, using: &generator)
                let filter = try Filter.parse(text, for: type, registry: registry)
                let name = ["id", "userName", "displayName", "meta.lastModified"].randomElement(using: &generator)
                let key = try SortKey.parse(name ?? "id", for: type, registry: registry)
                let isDescending = Bool.random(using: &generator)
                let expected = Self.sorted(resources.filter { filter.matches($0.value) }, isDescending) { _ in key }
                let query = ListQuery(
                    tenant: "default", client: "idp", baseURL: testBaseURL, [.init(type, filter: filter, sortKey: key)],
                    isDescending: isDescending, count: Int.random(in: 1...9, using: &generator))
                let hasOnePlan = try ListStatement(query)?.prepared() != nil
                for pages in [try await fixture.pagesByIndex(query), try await fixture.pagesByCursor(query)] {
                    try #require(pages == expected, "seed \(seed), round \(round): \(text), \(key as Any)")
                }
                if hasOnePlan, !expected.isEmpty { found += 1 }
            }
            #expect(found > 60, "seed \(seed)")
        }
    }

    /// With a part of one of the values, in whatever case.
    private static func indexedFilter(
        _ type: ResourceType, _ values: [String], using generator: inout SeededGenerator
    ) -> String {
        let name = type == .user ? "userName" : "displayName"
        let letters = Array(values.randomElement(using: &generator) ?? "")
        let start = Int.random(in: 0...max(0, letters.count - 3), using: &generator)
        let length = Int.random(in: 1...max(1, letters.count), using: &generator)
        func quoted(_ part: some Sequence<Character>) -> String {
            let text = Bool.random(using: &generator) ? String(part) : String(part).uppercased()
            return JSONValue.string(text).text
        }
        switch Int.random(in: 0..<6, using: &generator) {
        case 0: return "\(name) sw \(quoted(letters.prefix(length)))"
        case 1: return "displayName sw \(quoted(letters.prefix(length))) and not (title eq \"x\")"
        case 2 where letters.count >= 3: return "\(name) co \(quoted(letters[start..<start + 3]))"
        case 3 where letters.count >= 3: return "\(name) ew \(quoted(letters.suffix(3))) and \(name) pr"
        case 4: return "\(name) eq \(quoted(letters)) or displayName sw \(quoted(letters.prefix(1)))"
        default: return "meta.lastModified ge \"2026-11-21T09:15:29.001Z\""
        }
    }

    private static func sorted(
        _ resources: [ResourceID: JSONObject], by key: SortKey, _ isDescending: Bool
    ) -> [ResourceID] {
        sorted(resources, isDescending) { _ in key }
    }

    /// By the value, missing ones last, and then by id; the other way round in descending order.
    private static func sorted(
        _ resources: [ResourceID: JSONObject], _ isDescending: Bool, by key: (JSONObject) -> SortKey?
    ) -> [ResourceID] {
        let values = resources.mapValues { resource in
            key(resource).flatMap { key in key.value(in: resource).map { Sortable($0, key.path) } }
        }
        let ascending = resources.keys.sorted { left, right in
            switch (values[left] ?? nil, values[right] ?? nil) {
            case (let one?, let other?) where one < other: true
            case (let one?, let other?) where other < one: false
            case (.some, .none): true
            case (.none, .some): false
            default: left < right
            }
        }
        return isDescending ? ascending.reversed() : ascending
    }
}

/// A value in the order that ``SortKey`` describes.
private enum Sortable: Comparable {
    case bool(Int)
    case number(JSONNumber)
    case instant(Timestamp)
    case text([UInt8])

    init(_ value: JSONValue, _ path: AttributePath) {
        switch value {
        case .bool(let value): self = .bool(value ? 1 : 0)
        case .number(let value): self = .number(value)
        case .string(let text) where path.leaf.type == .dateTime:
            self = .instant(Timestamp(iso8601: text) ?? Timestamp(microsecondsSinceEpoch: 0))
        case .string(let text):
            self = .text(Array((path.leaf.caseExact ? text : FoldedCase.fold(text)).utf8))
        case .null, .array, .object: self = .text([])
        }
    }

    static func < (left: Self, right: Self) -> Bool {
        switch (left, right) {
        case (.bool(let a), .bool(let b)): a < b
        case (.number(let a), .number(let b)): a < b
        case (.instant(let a), .instant(let b)): a < b
        case (.text(let a), .text(let b)): a.lexicographicallyPrecedes(b)
        default: false
        }
    }
}

extension StorageFixture {
    func pagesByIndex(_ query: ListQuery) async throws -> [ResourceID] {
        var query = query
        var ids: [ResourceID] = []
        for _ in 0..<1000 {
            query.start = .index(Int64(ids.count) + 1)
            let page = try await store.list(query)
            ids += page.resources.map(\.id)
            if page.resources.count < query.count {
                #expect(Int(page.total) == ids.count)
                break
            }
        }
        return ids
    }

    func pagesByCursor(_ query: ListQuery) async throws -> [ResourceID] {
        var query = query
        query.start = .cursor(nil)
        var ids: [ResourceID] = []
        for _ in 0..<1000 {
            let page = try await store.list(query)
            ids += page.resources.map(\.id)
            guard let next = page.next else {
                #expect(Int(page.total) == ids.count)
                break
            }
            #expect(page.resources.count == query.count)
            query.start = .cursor(next)
        }
        return ids
    }
}
