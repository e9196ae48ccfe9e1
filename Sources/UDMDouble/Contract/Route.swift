// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// What an address below the base URL means.
enum Route: Sendable {
    case entryPoint
    case directoryBase
    /// By name or entryUUID, type unknown.
    case lookup(String)
    case progress(String)
    case collection(Module)
    case template(Module)
    case moves(Module)
    case defaultContainers(Module)
    case properties(Module)
    case object(Module, DistinguishedName)
    case unknown

    /// - Parameter path: below the base URL, percent-encoded, without query.
    init(_ path: Substring, schema: Schema, base: DistinguishedName) {
        guard !PercentCoding.hidesSlash(path), let path = PercentCoding.decode(path) else {
            self = .unknown
            return
        }
        let parts = path.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
        switch (parts[0], parts.count) {
        case ("", 1): self = .entryPoint
        case ("ldap", 2...) where parts[1] == "base": self = .directoryBase
        case ("object", 2...):
            let text = parts.dropFirst().joined(separator: "/")
            self = ObjectUUID.isCanonical(text) || Self.hasBase(text, base) ? .lookup(text) : .unknown
        case ("progress", 2): self = .progress(parts[1])
        case (_, 2...):
            guard let module = schema["\(parts[0])/\(parts[1])"] else {
                self = .unknown
                return
            }
            self = Self.route(module, rest: parts.count > 2 ? parts[2] : "", base: base)
        default: self = .unknown
        }
    }

    private static func route(_ module: Module, rest: String, base: DistinguishedName) -> Route {
        switch rest {
        case "": return .collection(module)
        case "add", "add/": return .template(module)
        case "move", "move/": return .moves(module)
        case "default-containers", "default-containers/": return .defaultContainers(module)
        case "properties", "properties/": return .properties(module)
        default:
            // A name that does not end with the base matches no route of the server.
            guard let name = DistinguishedName(Links.decode(dn: rest)), name.isWithin(base), hasBase(rest, base) else {
                return .unknown
            }
            return .object(module, name)
        }
    }

    /// The base in an address is compared as text: no other case, no blanks.
    private static func hasBase(_ text: String, _ base: DistinguishedName) -> Bool {
        text == base.text || text.hasSuffix("," + base.text)
    }

    var module: Module? {
        switch self {
        case .collection(let module), .template(let module), .moves(let module), .defaultContainers(let module),
            .properties(let module), .object(let module, _):
            module
        default: nil
        }
    }

    /// Of the object that the address names.
    var key: String? {
        switch self {
        case .object(_, let name): name.key
        case .lookup(let text): DistinguishedName.key(of: text)
        default: nil
        }
    }
}
