// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import SCIM

/// An extension of User with what the other schemas do not have: immutable attributes, lists of plain values, numbers.
enum DemoSchema {
    static let urn = "urn:example:scim:schemas:extension:demo:2.0:User"

    static let registry = SchemaRegistry(
        core: [.user: .user, .group: .group], extensions: [.user: [.init(demo)], .group: []])

    static let validator = ResourceValidator(registry: registry)

    private static let demo = Schema(
        id: urn, name: "Demo", description: "Demo",
        attributes: [
            SchemaAttribute("hired", "Immutable", mutability: .immutable),
            SchemaAttribute("tags", "A list of strings", multiValued: true),
            SchemaAttribute("badges", "An immutable list", multiValued: true, mutability: .immutable),
            SchemaAttribute("height", "A number", type: .decimal),
            SchemaAttribute("remote", "A Boolean", type: .boolean),
            SchemaAttribute("rights", "A list that must not be empty", multiValued: true, required: true),
            SchemaAttribute(
                "desk", "A single value with parts", type: .complex,
                subAttributes: [
                    SchemaAttribute("building", "Immutable", mutability: .immutable),
                    SchemaAttribute("room", "A room"),
                    SchemaAttribute("labels", "A list of strings", multiValued: true),
                ]),
            SchemaAttribute(
                "devices", "Values with an immutable part", type: .complex, multiValued: true,
                subAttributes: [
                    SchemaAttribute("value", "Name"),
                    SchemaAttribute("serial", "Immutable", mutability: .immutable),
                    SchemaAttribute("primary", "Preferred", type: .boolean),
                ]),
        ])
}
