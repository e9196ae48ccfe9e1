// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import SCIM
package import Storage

/// Where events go. The sender does for every sink what there is to do about order, retries and positions; a sink takes one event at a time,
/// those of several resources beside each other, and says what became of it.
package protocol EventSink: Sendable {
    var name: SinkName { get }

    /// Never throws, because every failure has its place in the answer.
    func publish(_ event: EventMessage) async -> PublishAnswer

    /// Asks whether the sink would take events, without sending one. What cannot be asked is taken at its word: `accepted`.
    func probe() async -> PublishAnswer

    /// Called once at the end.
    func shutdown() async
}

/// An event as it leaves the house.
package struct EventMessage: Sendable {
    /// Stable over retries.
    package let id: EventID
    package let order: Int64
    /// `scim` or `sync-error`.
    package let realm: String
    /// `user`, `group` or `scim2udm`.
    package let topic: String
    /// When the write was accepted, or its error recorded.
    package let time: Timestamp
    /// Of the SCIM call if that is a UUID, else the event's id.
    package let requestID: LowercaseUUID
    /// All of it as JSON text: `publisher_name`, `ts`, `realm`, `topic` and `body`.
    package let json: [UInt8]
    /// Where the body, `{"old": …, "new": …}`, stands in it.
    let bodyRange: Range<Int>

    /// JSON text of `{"old": …, "new": …}`.
    package var body: ArraySlice<UInt8> { json[bodyRange] }
}
