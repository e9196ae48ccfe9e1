// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// Operations on the members of a group. A member is its id: everything else about it is immutable or readOnly, so an
/// operation adds members or removes them.
extension PatchReader {
    mutating func readMembers(
        _ verb: PatchOperation.Verb, _ path: AttributePath, _ value: JSONValue?
    ) throws(SCIMError) {
        // The type, say, of all members.
        guard path.subAttribute == nil else { throw .immutable(path) }
        let given = value?.unlessNull.map { PatchTolerance.bareMemberIDs($0) }
        switch (verb, given) {
        case (.add, nil): break
        case (.add, let list?): members.add(try members(list, path))
        case (.replace, nil):
            // Serializers write null for what they do not know, and that must not empty a group.
            throw .invalidValue(attribute: path.description, reason: "must be an array; [] removes all members")
        case (.remove, nil): members.replace(with: [])
        case (.replace, let list?): members.replace(with: try members(list, path))
        // Never all members, even if the list is empty: Entra ID and authentik remove one member so.
        case (.remove, let list?): members.remove(try memberIDs(in: list, path))
        }
    }

    mutating func readMembers(
        _ verb: PatchOperation.Verb, _ path: AttributePath, matching filter: Filter, _ value: JSONValue?
    ) throws(SCIMError) {
        guard path.subAttribute == nil else { throw .immutable(path) }
        guard verb != .remove, let value = value?.unlessNull else {
            guard verb != .add else { return }
            // Those whom both the filter and the list name: a list means these members only, here too.
            let named = try value?.unlessNull.map { value throws(SCIMError) in
                try memberIDs(in: PatchTolerance.bareMemberIDs(value), path)
            }
            guard let ids = filter.memberIDs else { return members.remove(matching: filter, among: named) }
            return members.remove(named.map { ids.filter(Set($0).contains) } ?? ids)
        }
        // A member stays the one it is. As anywhere else, an Add describes by its filter what is to be there.
        let ids = filter.memberIDs ?? []
        guard ids.count == 1, let id = ids.first else {
            throw verb == .add ? .noTarget("The filter of \(path) must name one member by its value") : .immutable(path)
        }
        guard let object = value.objectValue ?? value.arrayValue.flatMap({ $0.count == 1 ? $0[0].objectValue : nil })
        else { throw .invalidValue(attribute: path.description, reason: "must be an object") }
        let said = try refusing(path) { () throws(Refusal) in try MemberReader.subAttribute("value", of: object) }
        guard said.map({ ResourceID($0) == id }) ?? true else {
            throw .immutable(path.appending(path.attribute.subAttribute("value")))
        }
        if verb == .add { members.add([.init(id: id, type: nil)]) }
    }

    private func members(
        _ list: JSONValue, _ path: AttributePath
    ) throws(SCIMError) -> [ValidatedResource.Member] {
        try refusing(path) { () throws(Refusal) in try MemberReader.members(of: list, path.attribute) }
    }

    private func memberIDs(in list: JSONValue, _ path: AttributePath) throws(SCIMError) -> [ResourceID] {
        try refusing(path) { () throws(Refusal) in try MemberReader.ids(of: list, path.attribute) }
    }

    private func refusing<Value>(
        _ path: AttributePath, _ body: () throws(Refusal) -> Value
    ) throws(SCIMError) -> Value {
        do throws(Refusal) {
            return try body()
        } catch {
            throw error.within(attribute: path.description).error
        }
    }
}
