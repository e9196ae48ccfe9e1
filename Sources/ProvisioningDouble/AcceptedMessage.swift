// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import JSON

/// A message that the double accepted, whether or not a subscription got it.
package struct AcceptedMessage: Sendable, Equatable {
    /// 1, 2, 3 … in the order of acceptance.
    package let sequence: Int
    /// When it was accepted, in microseconds since the Unix epoch.
    package let arrivedMicroseconds: Int64
    /// The `X-Request-ID` of its request, or the one made for it.
    package let requestID: String
    package let realm: String
    package let topic: String
    /// What the bridge says about its event; `nil` if neither side carries the metadata.
    package let event: EventMetadata?
    /// The message as a subscriber sees it, without `sequence_number` and `num_delivered`: one JSON object.
    package let bytes: [UInt8]

    /// The message parsed: `publisher_name`, `ts`, `realm`, `topic`, `body`.
    package func decoded() throws(JSONError) -> JSONValue {
        try JSONValue(parsing: bytes, limits: MessageDraft.limits)
    }
}

/// The metadata that the bridge puts into the sides of an event under `urn:univention:scim:event:1.0`.
package struct EventMetadata: Sendable, Equatable {
    package static let key = "urn:univention:scim:event:1.0"

    package let eventID: String
    /// Rises per resource from event to event.
    package let order: Int64?
    /// `created`, `modified` or `deleted`.
    package let operation: String?
    /// The SCIM id of the resource: `resourceId` of a sync error, else `id` of the side.
    package let resourceID: String?

    /// Reads the metadata of `new`, or of `old` if `new` has none.
    package init?(old: JSONObject, new: JSONObject) {
        guard let side = [new, old].first(where: { $0[Self.key] != nil }), let metadata = side[Self.key],
            let eventID = metadata["eventId"]?.stringValue
        else { return nil }
        self.eventID = eventID
        order = metadata["order"]?.integerValue
        operation = metadata["operation"]?.stringValue
        resourceID = metadata["resourceId"]?.stringValue ?? side["id"]?.stringValue
    }
}
