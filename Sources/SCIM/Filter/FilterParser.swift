// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// Reads the grammar of RFC 7644 figure 1 from UTF-8.
///
/// It descends by recursion for what is nested, at most ``Filter/maximumDepth`` deep; the terms of a chain are read one
/// after another.
struct FilterParser {
    /// Whose attributes the names are.
    enum Scope {
        case resource(ResourceType, SchemaRegistry)
        /// The sub-attributes of the values of a complex attribute; nil: of an attribute that is not defined.
        case element(of: SchemaAttribute?)
    }

    /// What a path leads to.
    enum Target {
        case attribute(AttributePath)
        /// An attribute that the type does not have, and so without value (RFC 7644 section 3.4.2.1).
        case undefined
    }

    let bytes: [UInt8]
    var position: Int
    private var scope: Scope
    private var depth = 0
    /// Of what was read of the current value path.
    private var deepest = 0

    /// Begins at `position`.
    init(_ bytes: [UInt8], at position: Int = 0, scope: Scope) {
        self.bytes = bytes
        self.position = position
        self.scope = scope
    }

    /// The whole text.
    mutating func parse() throws(SCIMError) -> Filter {
        skipWhitespace()
        guard position < bytes.count else { throw error("it is empty") }
        let filter = try parseAlternatives()
        guard position == bytes.count else {
            if peek() == UInt8(ascii: ")") { throw error("this parenthesis closes nothing") }
            if peek() == UInt8(ascii: "]") { throw error("this bracket closes nothing") }
            throw error("expected and, or, or the end instead of \(found())")
        }
        return filter
    }

    // MARK: Logic

    /// A chain of `or`, up to something that does not continue it; behind the white space that follows.
    private mutating func parseAlternatives() throws(SCIMError) -> Filter {
        var terms = [try parseConjunction()]
        while skipKeyword("or") { terms.append(try parseConjunction()) }
        return terms.count == 1 ? terms[0] : .or(terms)
    }

    private mutating func parseConjunction() throws(SCIMError) -> Filter {
        var terms = [try parseTerm()]
        while skipKeyword("and") { terms.append(try parseTerm()) }
        return terms.count == 1 ? terms[0] : .and(terms)
    }

    private mutating func parseTerm() throws(SCIMError) -> Filter {
        skipWhitespace()
        if peek() == UInt8(ascii: "(") { return try parseGroup() }
        guard skipKeyword("not") else { return try parseExpression() }
        guard peek() == UInt8(ascii: "(") else { throw error("expected ( after not instead of \(found())") }
        return .not(try parseGroup())
    }

    /// `position` is at the opening parenthesis.
    private mutating func parseGroup() throws(SCIMError) -> Filter {
        try enter()
        let filter = try parseAlternatives()
        guard peek() == UInt8(ascii: ")") else { throw error("expected and, or, or ) instead of \(found())") }
        leave()
        return filter
    }

    private mutating func enter() throws(SCIMError) {
        guard depth < Filter.maximumDepth else { throw tooDeep(at: position) }
        depth += 1
        deepest = max(deepest, depth)
        position += 1
    }

    private mutating func leave() {
        depth -= 1
        position += 1
    }

    private func tooDeep(at offset: Int) -> SCIMError {
        error("it is nested deeper than \(Filter.maximumDepth)", at: offset)
    }

    // MARK: Attributes

    /// A comparison or a value path.
    private mutating func parseExpression() throws(SCIMError) -> Filter {
        let target = try parsePath()
        skipWhitespace()
        guard peek() == UInt8(ascii: "[") else { return try parseComparison(of: target) }
        guard case .resource = scope else { throw error("value paths do not nest") }
        switch target {
        case .undefined:
            _ = try parseElementFilter(of: nil)
            return try parseSubAttribute(of: nil).filter ?? .constant(false)
        case .attribute(let path):
            guard path.attribute.type == .complex, path.subAttribute == nil else {
                throw error("\(path) is not complex, so its values have nothing to filter by")
            }
            let filter = try parseElementFilter(of: path.attribute)
            let (comparison, offset) = try parseSubAttribute(of: path.attribute)
            guard let comparison else { return .value(path, filter) }
            return try select(filter, and: comparison, of: path, at: offset)
        }
    }

    private mutating func parsePath() throws(SCIMError) -> Target {
        let start = position
        let text = readWord()
        guard !text.isEmpty else { throw error("expected an attribute instead of \(found())") }
        if text.equalsIgnoringASCIICase("and") || text.equalsIgnoringASCIICase("or") {
            throw error("expected an attribute instead of the operator \(text)", at: start)
        }
        let meaning =
            switch scope {
            case .resource(let type, let registry):
                AttributePath.meaning(of: Tolerance.managerWithoutURN(text, of: type) ?? text, for: type, registry)
            case .element(let attribute): AttributePath.meaning(of: text, forValuesOf: attribute)
            }
        return try target(meaning, at: start)
    }

    /// `start` is where the path begins.
    private func target(_ meaning: AttributePath.Meaning, at start: Int) throws(SCIMError) -> Target {
        switch meaning {
        case .attribute(let path):
            guard path.attribute.returned != .never, path.leaf.returned != .never else {
                throw error("\(path) is never returned, so it cannot be searched for either", at: start)
            }
            return .attribute(path)
        case .schema(let schema):
            throw error("\(schema.id) is a schema; name one of its attributes after a colon", at: start)
        case .undefined: return .undefined
        case .malformed(let reason, let offset): throw error(reason, at: start + offset)
        }
    }

    // MARK: Value paths

    /// The filter for the values of an attribute and its brackets; `position` is at the opening one.
    mutating func parseElementFilter(of attribute: SchemaAttribute?) throws(SCIMError) -> Filter {
        let outer = scope
        deepest = depth
        try enter()
        scope = .element(of: attribute)
        let filter = try parseAlternatives()
        guard peek() == UInt8(ascii: "]") else { throw error("expected and, or, or ] instead of \(found())") }
        leave()
        scope = outer
        return filter
    }

    /// What follows the closing bracket in Entra ID's form: `.value eq "x"`; no filter if nothing does.
    private mutating func parseSubAttribute(
        of attribute: SchemaAttribute?
    ) throws(SCIMError) -> (filter: Filter?, offset: Int) {
        let offset = position
        guard peek() == UInt8(ascii: ".") else { return (nil, offset) }
        position += 1
        let start = position
        let name = readWord()
        if let fault = AttributeName.fault(in: name.utf8) { throw error(fault.reason, at: start + fault.offset) }
        let target = try target(AttributePath.meaning(of: name, forValuesOf: attribute), at: start)
        return (try parseComparison(of: target), offset)
    }

    /// `path[filter].subAttribute …`; `comparison` is the end of it, with a path that begins with the sub-attribute.
    private func select(
        _ filter: Filter, and comparison: Filter, of path: AttributePath, at offset: Int
    ) throws(SCIMError) -> Filter {
        let selection: Filter =
            switch comparison {
            case .constant: comparison
            case .not(let opposite): .not(.value(path, filter.joined(with: opposite)))
            default: .value(path, filter.joined(with: comparison))
            }
        // What the text is short for has to be within the limit too, with `not (` and the parentheses of an `or`.
        var depth = deepest
        if case .not = selection { depth += 1 }
        if case .or = filter { depth += 1 }
        guard depth <= Filter.maximumDepth else { throw tooDeep(at: offset) }
        return selection
    }
}

extension Filter {
    /// Both; a chain gets one more term.
    fileprivate func joined(with term: Filter) -> Filter {
        if case .and(let terms) = self { .and(terms + [term]) } else { .and([self, term]) }
    }
}
