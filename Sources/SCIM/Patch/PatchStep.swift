// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// A change of one attribute that an operation asks for. Names and values are those of the schema.
struct PatchStep: Sendable {
    /// Where the operation stands in the request.
    let operation: Int
    /// Without a sub-attribute.
    let path: AttributePath
    let change: Change

    enum Change: Sendable {
        /// This is the value, or these are the values; nil: none.
        case assign(JSONValue?)
        /// These values come to those of the multi-valued attribute.
        case include([JSONValue])
        /// These values leave the multi-valued attribute.
        case exclude([JSONValue])
        /// The selected values leave the multi-valued attribute.
        case remove(Selection)
        /// Sub-attributes of the selected values change, or of the one value of a single-valued attribute.
        case edit(Selection, [Edit])
    }

    /// Which values an operation is about.
    struct Selection: Sendable {
        /// nil: all of them.
        let filter: Filter?
        let ifNone: IfNone

        enum IfNone: Sendable {
            /// Nothing is left to do.
            case pass
            /// 400 with `noTarget`.
            case refuse
            /// A new value with these sub-attributes, which is then edited.
            case create(JSONObject)
        }
    }

    /// A change of one sub-attribute.
    struct Edit: Sendable {
        let attribute: SchemaAttribute
        let change: Change

        enum Change: Sendable {
            case assign(JSONValue?)
            /// Of a multi-valued sub-attribute.
            case include([JSONValue])
        }
    }
}
