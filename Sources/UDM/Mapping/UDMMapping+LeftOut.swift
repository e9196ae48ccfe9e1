// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import JSON
package import SCIM

extension UDMMapping {
    /// The state of ``properties(of:type:)``, and the paths of values that no property carries: they are kept and not pushed.
    ///
    /// A `type` without a property is named as in `phoneNumbers[type eq "fax"]`; values that their property does not take
    /// are named with the property and what it demands, as in `addresses (country: an ISO 3166-1 alpha-2 code)`.
    package func state(
        of attributes: JSONObject, type: ResourceType
    ) -> (properties: JSONObject, leftOut: [String]) {
        let rules = ofType(type).byAttribute
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
        let properties = carried(attributes, type: type, refused: &paths)
        return (properties, paths)
    }

    private func collect(
        _ value: JSONValue, at path: MappedPath, rules: [MappedPath: [MappingRule]], into paths: inout [String]
    ) {
        guard !value.isNull else { return }
        guard let matching = rules[path] else {
            paths.append(path.description)
            return
        }
        if matching.contains(where: { $0.attribute.subAttribute != nil }) {
            let carried = Set(matching.compactMap(\.attribute.subAttribute))
            for name in value.objectValue?.keys ?? [] where !carried.contains(name) && name != "formatted" {
                paths.append(MappedPath(path.attribute, name, in: path.schema).description)
            }
        } else {
            paths += leftOutElements(of: value, at: path, rules: matching)
        }
    }

    private func leftOutElements(of value: JSONValue, at path: MappedPath, rules: [MappingRule]) -> [String] {
        var carried: Set<String> = []
        // With a rule for all other types, the types that it leaves to other rules.
        var left: Set<String>?
        for rule in rules {
            switch rule.kind {
            case .valuesByType(let types, scheme: _):
                carried.formUnion(types.filter { !disabled.contains($0.property) }.map(\.type))
            case .otherTypesJSON(_, than: let types):
                left = types
            case .firstValue:
                return value.arrayValue?.count ?? 0 > 1 ? ["\(path), all values but one"] : []
            case .addresses:
                let others = MappingRule.otherAddresses(value.arrayValue ?? [])
                let isCut = others.contains { $0["country"]?.isNull == false || $0["region"]?.isNull == false }
                return isCut ? ["\(path), country and region of all but the first work address"] : []
            // Other kinds of rules carry everything.
            default: return []
            }
        }
        let present = Set((value.arrayValue ?? []).map { $0["type"]?.stringValue?.lowercased() ?? "" })
        let missing = (left.map(present.intersection) ?? present).subtracting(carried)
        return missing.sorted().map { type in
            type.isEmpty ? "\(path)[not (type pr)]" : "\(path)[type eq \"\(type)\"]"
        }
    }
}
