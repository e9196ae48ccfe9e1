// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// LDAP filters for UDM's searches; UDM allows property names where LDAP has attribute types.
package enum UDMFilter {
    /// `property=value`, the value escaped as RFC 4515 section 3 says.
    package static func equality(_ property: String, _ value: String) -> String {
        var filter = property + "="
        for scalar in value.unicodeScalars {
            switch scalar {
            case "*": filter += "\\2a"
            case "(": filter += "\\28"
            case ")": filter += "\\29"
            case "\\": filter += "\\5c"
            case "\0": filter += "\\00"
            default: filter.unicodeScalars.append(scalar)
            }
        }
        return filter
    }

    /// One of `properties` has one of `values`.
    package static func anyEquality(_ properties: [String], _ values: [String]) -> String {
        let parts = properties.flatMap { property in values.map { "(\(equality(property, $0)))" } }
        return "(|\(parts.joined()))"
    }
}
