// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// Finds text in text in linear time, whatever a client makes of both: Knuth, Morris and Pratt.
enum ByteSearch {
    static func contains(_ pattern: String.UTF8View, in text: String.UTF8View) -> Bool {
        guard pattern.count <= text.count else { return false }
        let pattern = Array(pattern)
        guard let first = pattern.first, let start = text.firstIndex(of: first) else { return pattern.isEmpty }
        let borders = borders(of: pattern)
        var matched = 0
        for byte in text[start...] {
            while matched > 0, pattern[matched] != byte { matched = borders[matched - 1] }
            if pattern[matched] == byte { matched += 1 }
            if matched == pattern.count { return true }
        }
        return false
    }

    /// For each beginning of the pattern the length of the longest shorter one that it also ends with.
    private static func borders(of pattern: [UInt8]) -> [Int] {
        var borders = [Int](repeating: 0, count: pattern.count)
        var length = 0
        for index in pattern.indices.dropFirst() {
            while length > 0, pattern[length] != pattern[index] { length = borders[length - 1] }
            if pattern[length] == pattern[index] { length += 1 }
            borders[index] = length
        }
        return borders
    }
}
