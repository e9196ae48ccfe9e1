// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// One step by which the directory changes. A commit is a list of them; the journal holds commits.
///
/// Applying the same changes in the same order to an empty directory gives the same directory, counters included.
enum Change {
    case create(Image)
    /// Null empties a property. `passwords` and `primaryGroup` (entryUUID) stay when nil.
    case set(uuid: String, values: JSONObject, passwords: [String]?, primaryGroup: String?)
    /// A new name for the object and all below it; groups that list any of them follow.
    case rename(uuid: String, dn: String)
    /// `added` as names were sent; `removed` as they are compared.
    case members(group: String, added: [String], removed: [String])
    case delete(uuid: String)

    struct Image {
        var uuid: String
        var module: String
        var dn: String
        var values: JSONObject
        var passwords: [String] = []
        /// The entryUUID.
        var primaryGroup: String?
    }
}

extension Change {
    /// As written to the journal: an object with one member, named after the change.
    var json: JSONValue {
        switch self {
        case .create(let image):
            var body: JSONObject = [
                "uuid": .string(image.uuid), "module": .string(image.module), "dn": .string(image.dn),
                "values": .object(image.values),
            ]
            if !image.passwords.isEmpty { body["passwords"] = .strings(image.passwords) }
            if let group = image.primaryGroup { body["primaryGroup"] = .string(group) }
            return ["create": .object(body)]
        case .set(let uuid, let values, let passwords, let primaryGroup):
            var body: JSONObject = ["uuid": .string(uuid), "values": .object(values)]
            if let passwords { body["passwords"] = .strings(passwords) }
            if let primaryGroup { body["primaryGroup"] = .string(primaryGroup) }
            return ["set": .object(body)]
        case .rename(let uuid, let dn):
            return ["rename": ["uuid": .string(uuid), "dn": .string(dn)]]
        case .members(let group, let added, let removed):
            return ["members": ["group": .string(group), "added": .strings(added), "removed": .strings(removed)]]
        case .delete(let uuid):
            return ["delete": ["uuid": .string(uuid)]]
        }
    }

    init?(json: JSONValue) {
        guard let object = json.objectValue, object.count == 1, let (kind, body) = object.first(where: { _ in true })
        else { return nil }
        switch kind {
        case "create":
            guard let uuid = body["uuid"]?.stringValue, let module = body["module"]?.stringValue,
                let dn = body["dn"]?.stringValue, let values = body["values"]?.objectValue
            else { return nil }
            self = .create(
                Image(
                    uuid: uuid, module: module, dn: dn, values: values, passwords: body["passwords"]?.strings ?? [],
                    primaryGroup: body["primaryGroup"]?.stringValue))
        case "set":
            guard let uuid = body["uuid"]?.stringValue, let values = body["values"]?.objectValue else { return nil }
            self = .set(
                uuid: uuid, values: values, passwords: body["passwords"]?.strings,
                primaryGroup: body["primaryGroup"]?.stringValue)
        case "rename":
            guard let uuid = body["uuid"]?.stringValue, let dn = body["dn"]?.stringValue else { return nil }
            self = .rename(uuid: uuid, dn: dn)
        case "members":
            guard let group = body["group"]?.stringValue, let added = body["added"]?.strings,
                let removed = body["removed"]?.strings
            else { return nil }
            self = .members(group: group, added: added, removed: removed)
        case "delete":
            guard let uuid = body["uuid"]?.stringValue else { return nil }
            self = .delete(uuid: uuid)
        default: return nil
        }
    }
}

extension JSONValue {
    static func strings(_ texts: some Sequence<String>) -> JSONValue { .array(texts.map(JSONValue.string)) }

    /// Nil if it is no array or has an element that is no string.
    var strings: [String]? {
        guard let elements = arrayValue else { return nil }
        let texts = elements.compactMap(\.stringValue)
        return texts.count == elements.count ? texts : nil
    }
}
