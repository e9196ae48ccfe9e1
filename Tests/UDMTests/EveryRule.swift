// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// A file that declares an attribute for every rule of a mapping.
enum EveryRule {
    static let urn = "urn:example:scim:schemas:every:1.0:Rule"

    static let file = """
        {"schemas": [{
            "id": "\(urn)", "name": "Every rule", "resourceTypes": ["User", "Group"],
            "attributes": [
                {"name": "note", "type": "string"}, {"name": "text", "type": "string"},
                {"name": "flag", "type": "boolean"}, {"name": "inverted", "type": "boolean"},
                {"name": "count", "type": "integer"}, {"name": "level", "type": "integer"},
                {"name": "ratio", "type": "decimal"}, {"name": "first", "type": "string"},
                {"name": "tags", "type": "string", "multiValued": true},
                {"name": "site", "type": "complex", "subAttributes": [{"name": "name", "type": "string"}]},
                {"name": "desks", "type": "complex", "multiValued": true, "subAttributes": [
                    {"name": "value", "type": "string"}, {"name": "number", "type": "integer"},
                    {"name": "shared", "type": "boolean"}]}]}],
         "mapping": {
            "User": [
                {"attribute": "\(urn):text", "property": "ownText", "rule": "string"},
                {"attribute": "\(urn):flag", "property": "ownFlag", "rule": "boolean"},
                {"attribute": "\(urn):inverted", "property": "ownInverted", "rule": "invertedBoolean"},
                {"attribute": "\(urn):count", "property": "ownCount", "rule": "integer"},
                {"attribute": "\(urn):level", "property": "ownLevel", "rule": "integerAsText"},
                {"attribute": "\(urn):ratio", "property": "ownRatio", "rule": "decimalAsText"},
                {"attribute": "\(urn):first", "property": "ownFirst", "rule": "firstOfList"},
                {"attribute": "\(urn):tags", "property": "ownTags", "rule": "list"},
                {"attribute": "\(urn):site.name", "property": "ownSite", "rule": "string"},
                {"attribute": "\(urn):desks", "property": "ownDesks", "rule": "json"},
                {"attribute": "nickName", "property": "ownNickName", "rule": "string"},
                {"attribute": "roles", "property": "ownRoles", "rule": "json"}],
            "Group": [{"attribute": "\(urn):note", "property": "ownNote", "rule": "string"}]}}
        """
}
