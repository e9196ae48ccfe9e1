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
        appendJSONString(DistinguishedName.parent(of: entry.dn) ?? "", to: &bytes)
        let address = links.object(entry)
        bytes.append(contentsOf: ",\"uri\":".utf8)
        appendJSONString(address, to: &bytes)
        bytes.append(contentsOf: ",\"properties\":".utf8)
        append(propertiesOf: entry, to: &bytes)
        if isOpened {
            bytes.append(contentsOf: (entry.module === directory.schema.user ? Self.userExtras : Self.otherExtras).utf8)
        }
        bytes.append(contentsOf: ",\"_links\":{\"self\":[{\"href\":".utf8)
        appendJSONString(address, to: &bytes)
        bytes.append(contentsOf: ",\"title\":".utf8)
        appendJSONString(entry.name, to: &bytes)
        bytes.append(contentsOf: "}]}}".utf8)
    }

    func properties(of entry: Entry) -> JSONObject {
        var object = JSONObject()
        forEachWanted(of: entry) { index, value in
            object.append(uniqueKey: entry.module.properties[index].name, value)
        }
        return object
    }

    private func append(propertiesOf entry: Entry, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "{"))
        var isFirst = true
        forEachWanted(of: entry) { index, value in
            if !isFirst { bytes.append(UInt8(ascii: ",")) }
            isFirst = false
            bytes.append(contentsOf: entry.module.memberStarts[index])
            value.append(to: &bytes)
        }
        bytes.append(UInt8(ascii: "}"))
    }

    /// Hands over the index of each property that is to be written, and what it reads as.
    private func forEachWanted(of entry: Entry, _ body: (Int, JSONValue) -> Void) {
        let module = entry.module
        var stored = entry.values.all[...]
        let isAll = properties?.contains("*") ?? true
        for index in module.properties.indices {
            var value: JSONValue?
            if let next = stored.first, next.index == index {
                value = next.value
                stored.removeFirst()
            }
            let name = module.properties[index].name
            let isWanted = isOpened ? isAll || properties?.contains(name) == true : name == module.namingProperty
            guard isWanted else { continue }
            switch module.properties[index].source {
            case .stored: body(index, value ?? module.properties[index].unset)
            case .hidden: body(index, .null)
            case .derived: body(index, directory.derived(name, of: entry))
            }
        }
    }
}

extension Property {
    /// What it reads as while it has no value.
    fileprivate var unset: JSONValue { isFalseWhenUnset ? false : kind.isList ? [] : .null }
}
