// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Crypto
internal import JSON

/// One object of the directory. Only the directory's lock holder touches it.
final class Entry {
    let module: Module
    /// The entryUUID.
    let uuid: String
    /// Rises with every object; the order of search results.
    let ordinal: Int
    var dn: String
    /// ``dn`` as names are compared.
    var key: String
    var values = StoredValues()
    /// Counts up through the whole directory, like LDAP's entryCSN.
    var csn = 0
    /// Microseconds since the Unix epoch.
    var modified: Int64 = 0
    /// Fingerprints of the password and of those before it, newest first.
    var passwords: [String] = []
    /// Of a user.
    var primaryGroup: Entry?
    /// Of a group: how many users have it as primary group.
    var primaryUsers = 0
    /// Of a group: users, groups and names of nothing.
    var members = MemberList()

    init(module: Module, uuid: String, ordinal: Int, dn: String, key: String) {
        self.module = module
        self.uuid = uuid
        self.ordinal = ordinal
        self.dn = dn
        self.key = key
    }

    subscript(property: String) -> JSONValue {
        get { module.index(of: property).flatMap { values[$0] } ?? .null }
        set { if let index = module.index(of: property) { values[index] = newValue.isNull ? nil : newValue } }
    }

    func text(_ property: String) -> String? { self[property].stringValue }

    func texts(_ property: String) -> [String] { self[property].arrayValue?.compactMap(\.stringValue) ?? [] }

    var name: String { text(module.namingProperty) ?? "" }
    var identifier: String? { text("univentionObjectIdentifier") }

    /// The addresses that no other object may use: those of a user's mailbox, or of a group.
    var mailAddresses: [String] {
        if let address = text("mailAddress") { return [address] }
        return (text("mailPrimaryAddress").map { [$0] } ?? []) + texts("mailAlternativeAddress")
    }

    /// With the quotes. Changes with the name and with every change of the object's own attributes.
    var etag: String {
        "\"\(Hex.text(Insecure.SHA1.hash(data: Array("\(dn)\(module.name)\(csn)\(uuid)".utf8))))\""
    }

    var parentKey: String { DistinguishedName.parent(of: key) ?? "" }
}

/// The values of an object that are set, by the index of their property.
struct StoredValues {
    private(set) var all: [(index: Int, value: JSONValue)] = []

    subscript(index: Int) -> JSONValue? {
        get { position(of: index).flatMap { all[$0].index == index ? all[$0].value : nil } }
        set {
            let position = position(of: index) ?? all.count
            let isSet = position < all.count && all[position].index == index
            switch (newValue, isSet) {
            case (let value?, true): all[position].value = value
            case (let value?, false): all.insert((index, value), at: position)
            case (nil, true): all.remove(at: position)
            case (nil, false): break
            }
        }
    }

    /// Where `index` is or belongs; nil for the end.
    private func position(of index: Int) -> Int? { all.firstIndex { $0.index >= index } }
}
