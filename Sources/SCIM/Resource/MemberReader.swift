// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// Reads `members` of a group.
enum MemberReader {
    /// Each member once, with its type as far as one of its values says it.
    static func members(
        of value: JSONValue, _ attribute: SchemaAttribute
    ) throws(Refusal) -> [ValidatedResource.Member] {
        guard let list = value.arrayValue ?? Tolerance.singleObjectAsList(value, for: attribute) else {
            throw Refusal("must be an array")
        }
        var members: [ValidatedResource.Member] = []
        members.reserveCapacity(list.count)
        var positions = [ResourceID: Int](minimumCapacity: list.count)
        for (index, element) in list.enumerated() {
            do throws(Refusal) {
                let member = try member(element)
                guard let position = positions[member.id] else {
                    positions[member.id] = members.count
                    members.append(member)
                    continue
                }
                guard let type = member.type else { continue }
                guard members[position].type == nil || members[position].type == type else {
                    throw Refusal("contradicts an earlier value for the same member", at: "type")
                }
                members[position] = member
            } catch {
                throw error.within(element: index)
            }
        }
        return members
    }

    static func member(_ element: JSONValue) throws(Refusal) -> ValidatedResource.Member {
        guard case .object(let object) = element else { throw Refusal("must be an object") }
        let value = try value(of: object)
        guard let id = ResourceID(value) else { throw Refusal("must be the id of a resource, a UUID", at: "value") }
        guard let typeName = try subAttribute("type", of: object) else { return .init(id: id, type: nil) }
        guard let type = ResourceType.allCases.first(where: { $0.rawValue.equalsIgnoringASCIICase(typeName) }) else {
            throw Refusal("must be User or Group", at: "type")
        }
        return .init(id: id, type: type)
    }

    /// Which members a list names. What is no id of a resource can be no member, so it names nobody.
    static func ids(of value: JSONValue, _ attribute: SchemaAttribute) throws(Refusal) -> [ResourceID] {
        guard let list = value.arrayValue ?? Tolerance.singleObjectAsList(value, for: attribute) else {
            throw Refusal("must be an array")
        }
        var ids: [ResourceID] = []
        ids.reserveCapacity(list.count)
        for (index, element) in list.enumerated() {
            do throws(Refusal) {
                guard case .object(let object) = element else { throw Refusal("must be an object") }
                if let id = ResourceID(try self.value(of: object)) { ids.append(id) }
            } catch {
                throw error.within(element: index)
            }
        }
        return ids
    }

    private static func value(of object: JSONObject) throws(Refusal) -> String {
        if let value = try subAttribute("value", of: object) { return value }
        guard let address = try subAttribute("$ref", of: object), let id = Tolerance.idInAddress(address) else {
            throw Refusal("is required", at: "value")
        }
        return id
    }

    static func subAttribute(_ name: String, of object: JSONObject) throws(Refusal) -> String? {
        var found: JSONValue?
        for (key, value) in object where key.equalsIgnoringASCIICase(name) {
            guard found == nil else { throw Refusal("is given twice", at: name) }
            found = value
        }
        guard let found, !found.isNull else { return nil }
        do throws(Refusal) {
            return try AttributeReader.text(found)
        } catch {
            throw error.within(attribute: name)
        }
    }
}
