// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// Attributes that keep their first value (RFC 7643 section 7). The core schemas have them in `members` only, whose
/// values are compared nowhere: a member with another id is another member.
struct Immutability {
    enum Omission {
        /// What a PUT does not name keeps its value (RFC 7644 section 3.5.1).
        case keeps
        /// What is missing after a PATCH was removed by it.
        case removes
    }

    let omission: Omission

    /// Compares the writable attributes of a resource with those before the write.
    func check(
        _ attributes: inout JSONObject, after present: JSONObject, of type: ResourceType, _ registry: SchemaRegistry
    ) throws(Refusal) {
        try check(&attributes, after: present, registry.coreSchema(for: type).attributes)
        for schema in registry.extensions(for: type).map(\.schema) where schema.attributes.contains(where: isConcerned)
        {
            var values = attributes[schema.id]?.objectValue ?? JSONObject()
            do throws(Refusal) {
                try check(&values, after: present[schema.id]?.objectValue ?? JSONObject(), schema.attributes)
            } catch {
                throw error.within(extension: schema.id)
            }
            attributes[schema.id] = values.isEmpty ? nil : .object(values)
        }
    }

    private func check(
        _ values: inout JSONObject, after present: JSONObject, _ attributes: [SchemaAttribute]
    ) throws(Refusal) {
        for attribute in attributes where isConcerned(attribute) {
            guard let old = present[attribute.name] else { continue }
            if attribute.mutability == .immutable {
                values[attribute.name] = try kept(old, values[attribute.name], attribute)
            } else if let old = old.objectValue {
                var parts = values[attribute.name]?.objectValue ?? JSONObject()
                for part in attribute.subAttributes where part.mutability == .immutable {
                    guard let old = old[part.name] else { continue }
                    do throws(Refusal) {
                        parts[part.name] = try kept(old, parts[part.name], part)
                    } catch {
                        throw error.within(attribute: attribute.name)
                    }
                }
                values[attribute.name] = parts.isEmpty ? nil : .object(parts)
            }
        }
    }

    private func kept(
        _ old: JSONValue, _ new: JSONValue?, _ attribute: SchemaAttribute
    ) throws(Refusal) -> JSONValue {
        guard let new else {
            guard omission == .keeps else { throw Refusal("is immutable and cannot be removed", at: attribute.name) }
            return old
        }
        guard new == old else { throw Refusal("is immutable and has another value", at: attribute.name) }
        return new
    }

    /// Immutable, or a single value with an immutable part.
    private func isConcerned(_ attribute: SchemaAttribute) -> Bool {
        attribute.mutability == .immutable
            || !attribute.multiValued && attribute.subAttributes.contains { $0.mutability == .immutable }
    }
}
