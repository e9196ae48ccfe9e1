// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// Writes an object's representation (udm-rest-api.md section 3).
struct ObjectDocument {
    private static let userExtras =
        #","options":{"pki":false},"#
        + #""policies":{"policies/umc":[],"policies/pwhistory":[],"policies/desktop":[]}"#
    private static let otherExtras = #","options":{},"policies":{"policies/umc":[]}"#

    let directory: Directory
    let links: Links
    /// The properties to write, nil for all.
    var properties: Set<String>?
    /// Closed objects have no options and policies, and of their properties only the name.
    var isOpened = true

    func append(_ entry: Entry, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: "{\"dn\":".utf8)
        appendJSONString(entry.dn, to: &bytes)
        bytes.append(contentsOf: ",\"objectType\":".utf8)
        appendJSONString(entry.module.name, to: &bytes)
        bytes.append(contentsOf: ",\"id\":".utf8)
        appendJSONString(entry.name, to: &bytes)
        bytes.append(contentsOf: ",\"uuid\":\"\(entry.uuid)\",\"position\":".utf8)
        appendJSONString(DistinguishedName(entry.dn)?.parent ?? "", to: &bytes)
        bytes.append(contentsOf: ",\"uri\":".utf8)
        appendJSONString(links.object(entry), to: &bytes)
        bytes.append(contentsOf: ",\"properties\":".utf8)
        append(propertiesOf: entry, to: &bytes)
        if isOpened {
            bytes.append(contentsOf: (entry.module === directory.schema.user ? Self.userExtras : Self.otherExtras).utf8)
        }
        bytes.append(contentsOf: ",\"_links\":{\"self\":[{\"href\":".utf8)
        appendJSONString(links.object(entry), to: &bytes)
        bytes.append(contentsOf: ",\"title\":".utf8)
        appendJSONString(entry.name, to: &bytes)
        bytes.append(contentsOf: "}]}}".utf8)
    }

    func properties(of entry: Entry) -> JSONObject {
        JSONObject(uniqueMembers: wanted(of: entry).map { ($0.property.name, $0.value) })
    }

    private func append(propertiesOf entry: Entry, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "{"))
        for (offset, member) in wanted(of: entry).enumerated() {
            if offset > 0 { bytes.append(UInt8(ascii: ",")) }
            appendJSONString(member.property.name, to: &bytes)
            bytes.append(UInt8(ascii: ":"))
            member.value.append(to: &bytes)
        }
        bytes.append(UInt8(ascii: "}"))
    }

    /// The properties to write with what they read as.
    private func wanted(of entry: Entry) -> [(property: Property, value: JSONValue)] {
        var stored = entry.values.all[...]
        var result: [(property: Property, value: JSONValue)] = []
        result.reserveCapacity(entry.module.properties.count)
        for (index, property) in entry.module.properties.enumerated() {
            var value: JSONValue?
            if let next = stored.first, next.index == index {
                value = next.value
                stored.removeFirst()
            }
            guard isWanted(property, of: entry.module) else { continue }
            switch property.source {
            case .stored: result.append((property, value ?? property.unset))
            case .hidden: result.append((property, .null))
            case .derived: result.append((property, directory.derived(property.name, of: entry)))
            }
        }
        return result
    }

    private func isWanted(_ property: Property, of module: Module) -> Bool {
        if !isOpened { return property.name == module.namingProperty }
        return properties.map { $0.contains(property.name) || $0.contains("*") } ?? true
    }
}

extension Property {
    /// What it reads as while it has no value.
    fileprivate var unset: JSONValue { isFalseWhenUnset ? false : kind.isList ? [] : .null }
}
