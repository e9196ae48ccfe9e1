// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import FuzzSupport
import JSON
import SCIM
import SCIMTestSupport
import Testing

@Suite("Filter properties")
struct FilterPropertyTests {
    private let registry = RandomFilter.registry

    @Test("the canonical text parses to the same filter", arguments: ResourceType.allCases)
    func roundTrip(type: ResourceType) throws {
        let seed = SeededGenerator.seedOfThisRun
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<1000 {
            let filter = RandomFilter.filter(for: type, using: &generator)
            let text = filter.description
            guard text.utf8.count <= Filter.maximumBytes else { continue }
            let parsed = try #require(
                parse(text, type), "seed \(seed): \(text)")
            try #require(parsed == filter, "seed \(seed): \(text)")
            // Texts that Unicode takes for equal are different ones here.
            try #require(parsed.description.utf8.elementsEqual(text.utf8), "seed \(seed): \(text)")
        }
    }

    @Test("white space, case and superfluous parentheses change nothing", arguments: ResourceType.allCases)
    func spelling(type: ResourceType) throws {
        let seed = SeededGenerator.seedOfThisRun
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            let filter = RandomFilter.filter(for: type, depth: 3, using: &generator)
            let text = "(\(Self.respelled(filter.description, using: &generator)))"
            guard text.utf8.count <= Filter.maximumBytes else { continue }
            let parsed = try #require(
                parse(text, type), "seed \(seed): \(text)")
            try #require(parsed == filter, "seed \(seed): \(text)")
        }
    }

    /// Outside strings: letters in any case, blanks as other white space.
    private static func respelled(_ text: String, using generator: inout SeededGenerator) -> String {
        var result = String.UnicodeScalarView()
        var isString = false
        var isEscaped = false
        for scalar in text.unicodeScalars {
            if isEscaped || (isString && scalar == "\\") {
                isEscaped.toggle()
            } else if scalar == "\"" {
                isString.toggle()
            }
            let exponent = scalar == "e" || scalar == "E"
            if isString {
                result.append(scalar)
            } else if scalar == " " {
                result.append(
                    contentsOf: ([" ", "  ", "\t", "\r\n "].randomElement(using: &generator) ?? " ").unicodeScalars)
            } else if scalar.isASCII, !exponent, Bool.random(using: &generator) {
                result.append(contentsOf: scalar.properties.uppercaseMapping.unicodeScalars)
            } else {
                result.append(scalar)
            }
        }
        return String(result)
    }

    @Test("exactly one of a filter and its negation matches", arguments: ResourceType.allCases)
    func negation(type: ResourceType) throws {
        let seed = SeededGenerator.seedOfThisRun
        var generator = SeededGenerator(seed: seed)
        var matches = 0
        for _ in 0..<1500 {
            let filter = RandomFilter.filter(for: type, using: &generator)
            let resource = RandomFilter.resource(type, using: &generator)
            let matched = filter.matches(resource)
            if matched { matches += 1 }
            try #require(Filter.not(filter).matches(resource) != matched, "seed \(seed): \(filter) \(resource)")
        }
        // Otherwise the filters and the resources have nothing to do with each other.
        #expect((150..<1350).contains(matches), "seed \(seed)")
    }

    @Test("De Morgan's laws hold", arguments: ResourceType.allCases)
    func deMorgan(type: ResourceType) throws {
        let seed = SeededGenerator.seedOfThisRun
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<700 {
            let filters = (0..<3).map { _ in RandomFilter.filter(for: type, depth: 2, using: &generator) }
            let resource = RandomFilter.resource(type, using: &generator)
            let values = filters.map { $0.matches(resource) }
            var context: Comment { "seed \(seed): \(filters) \(resource)" }
            let negated = filters.map { Filter.not($0) }
            try #require(Filter.and(filters).matches(resource) == !values.contains(false), context)
            try #require(Filter.or(filters).matches(resource) == values.contains(true), context)
            try #require(
                Filter.not(.and(filters)).matches(resource) == Filter.or(negated).matches(resource), context)
            try #require(
                Filter.not(.or(filters)).matches(resource) == Filter.and(negated).matches(resource), context)
        }
    }

    @Test("comparisons of one attribute agree with each other", arguments: ResourceType.allCases)
    func comparisons(type: ResourceType) throws {
        let seed = SeededGenerator.seedOfThisRun
        var generator = SeededGenerator(seed: seed)
        var compared = 0
        for _ in 0..<4000 {
            let filter = RandomFilter.filter(for: type, depth: 0, using: &generator)
            guard case .compare(let path, _, let literal) = filter else { continue }
            let resource = RandomFilter.resource(type, using: &generator)
            func holds(_ comparison: Filter.Comparison) -> Bool {
                Filter.compare(path, comparison, literal).matches(resource)
            }
            var context: Comment { "seed \(seed): \(filter) \(resource)" }
            let isPresent = Filter.present(path).matches(resource)
            for comparison in Filter.Comparison.allCases where holds(comparison) {
                compared += 1
                try #require(isPresent, context)
            }
            if [.boolean, .binary].contains(path.leaf.type) { continue }
            try #require(holds(.greaterOrEqual) == (holds(.greaterThan) || holds(.equal)), context)
            try #require(holds(.lessOrEqual) == (holds(.lessThan) || holds(.equal)), context)
            try #require(isPresent == (holds(.greaterOrEqual) || holds(.lessThan)), context)
            if path.leaf.type == .string, holds(.equal) {
                try #require(holds(.contains) && holds(.startsWith) && holds(.endsWith), context)
            }
            if holds(.startsWith) || holds(.endsWith) { try #require(holds(.contains), context) }
        }
        #expect(compared > 300, "seed \(seed)")
    }

    private func parse(_ text: String, _ type: ResourceType) -> Filter? {
        do {
            return try Filter.parse(text, for: type, registry: registry)
        } catch {
            Issue.record(error)
            return nil
        }
    }
}
