// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Hummingbird
internal import NIOCore
internal import Queue
internal import Storage

/// A request whose sender is known.
struct SCIMRequest: Sendable {
    let method: RequestMethod
    let headers: RequestHeaders
    let query: QueryParameters
    let body: RequestBody
    let id: RequestID
    let principal: Principal
    /// Of the jobs that its writes make.
    var lane = Lane.interactive
    /// What its body may have of the memory for large bodies.
    let share: BodyShare
    let channel: any Channel

    /// Before the body is read: a client may wait for that.
    func wantBody() {
        if headers.expect != nil { channel.triggerUserOutboundEvent(HTTPRules.BodyIsWanted(), promise: nil) }
    }

    /// Whether its body is a large one, or may become one: to read and check it would keep the other connections of its event loop waiting.
    var mayTakeLong: Bool {
        // Without a length the decoder hands over nothing, unless the body comes in chunks.
        guard let length = headers.contentLength else { return method.hasBody }
        // The HTTP decoder has checked it to be a number; one beyond `Int` is a large one.
        return Int(length).map { $0 > BodyBudget.small } ?? true
    }

    /// - Throws: 403 unless the sender's token has the scope.
    func permitted(_ scope: Scopes) throws(Refusal) -> SCIMRequest {
        guard principal.scopes.contains(scope) else { throw .insufficientScope(scope) }
        return self
    }

    /// What a write leaves in its job.
    var writeContext: WriteContext {
        WriteContext(
            tenant: principal.tenant, client: principal.client, requestID: id.description,
            traceParent: acceptedTraceParent(headers.traceParent), lane: lane.rawValue)
    }
}
