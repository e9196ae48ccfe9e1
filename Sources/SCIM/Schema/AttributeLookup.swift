// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// Finds the attributes of a schema, or the sub-attributes of an attribute, by their names in any case.
struct AttributeLookup: Sendable {
    private let attributes: [SchemaAttribute]
    /// A hash table with open addressing, at most half full; -1 marks a free place.
    private let table: [Int16]
    /// Those a client has to give.
    let required: [SchemaAttribute]

    init(_ attributes: [SchemaAttribute]) {
        self.attributes = attributes
        required = attributes.filter { $0.required && $0.mutability != .readOnly }
        var size = 4
        while size < attributes.count * 2 { size *= 2 }
        var table = [Int16](repeating: -1, count: size)
        for (index, attribute) in attributes.enumerated() {
            var place = Self.hash(attribute.name) & (size - 1)
            while table[place] >= 0 { place = (place + 1) & (size - 1) }
            table[place] = Int16(index)
        }
        self.table = table
    }

    func attribute(_ name: String) -> SchemaAttribute? {
        var place = Self.hash(name) & (table.count - 1)
        while table[place] >= 0 {
            let attribute = attributes[Int(table[place])]
            if attribute.name.equalsIgnoringASCIICase(name) { return attribute }
            place = (place + 1) & (table.count - 1)
        }
        return nil
    }

    /// FNV-1a. The names in the table are our own, so nobody can choose them to collide.
    private static func hash(_ name: String) -> Int {
        var hash: UInt32 = 2_166_136_261
        for byte in name.utf8 {
            // Also maps some other characters onto each other, which only costs a comparison.
            hash = (hash ^ UInt32(byte | 0x20)) &* 16_777_619
        }
        return Int(hash >> 7)
    }
}
