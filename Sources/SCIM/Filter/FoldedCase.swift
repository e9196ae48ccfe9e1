// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// How strings that are not caseExact are compared: each scalar in lower case by Unicode's simple mapping, as PostgreSQL's `lower` has it.
package enum FoldedCase {
    /// The text as it is compared; the same text when nothing in it has a case.
    package static func fold(_ text: String) -> String {
        if text.utf8.allSatisfy({ $0 < 0x80 && !(0x41...0x5A ~= $0) }) { return text }
        var folded = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            let lower = scalar.properties.lowercaseMapping.unicodeScalars
            folded.append(lower[lower.startIndex])
        }
        return String(folded)
    }
}
