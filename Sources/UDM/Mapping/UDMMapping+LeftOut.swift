// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import JSON
package import SCIM

extension UDMMapping {
    /// The paths of values that no property carries: they are kept and not pushed.
    ///
    /// A `type` without a property is named as in `phoneNumbers[type eq "fax"]`.
    package func leftOut(of attributes: JSONObject, type: ResourceType) -> [String] {
        let rules = table.rules(for: type).filter { rule in
            !properties(of: rule.attribute, type: type).isEmpty
        }
        var paths: [String] = []
        for (name, value) in attributes where !value.isNull {
            if name.hasPrefix("urn:"), let container = value.objectValue {
                for (attribute, value) in container {
                    collect(value, at: MappedPath(attribute, in: name), rules: rules, into: &paths)
                }
            } else {
                collect(value, at: MappedPath(name), rules: rules, into: &paths)
            }
        }
        return paths
    }

    private func collect(_ value: JSONValue, at path: MappedPath, rules: [MappingRule], into paths: inout [String]) {
        let matching = rules.filter { $0.attribute.schema == path.schema && $0.attribute.attribute == path.attribute }
        if matching.contains(where: { $0.attribute.subAttribute != nil }) {
            let carried = Set(matching.compactMap(\.attribute.subAttribute))
            for name in value.objectValue?.keys ?? [] where !carried.contains(name) && name != "formatted" {
                paths.append(MappedPath(path.attribute, name, in: path.schema).description)
            }
        } else if let rule = matching.first {
            paths += leftOutTypes(of: value, at: path, rule: rule)
        } else {
            paths.append(path.description)
        }
    }

    private func leftOutTypes(of value: JSONValue, at path: MappedPath, rule: MappingRule) -> [String] {
        guard case .valuesByType(let types, scheme: _) = rule.kind else { return [] }
        let carried = Set(types.map(\.type))
        let present = (value.arrayValue ?? []).map { $0["type"]?.stringValue?.lowercased() ?? "" }
        return Set(present).subtracting(carried).sorted().map { type in
            type.isEmpty ? "\(path)[not (type pr)]" : "\(path)[type eq \"\(type)\"]"
        }
    }
}
