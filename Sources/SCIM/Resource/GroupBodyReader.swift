// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import JSON

/// The body of a POST or PUT of a group, see ``GroupBodyReader``.
package struct GroupBody: Sendable {
    /// What the client sent, its list of members apart, which is empty here.
    let object: JSONObject
    /// Each member once, in the order of their ids; nil when the client sent no list of members.
    package let members: [ValidatedResource.Member]?

    func completing(_ resource: ValidatedResource) -> ValidatedResource {
        guard let members else { return resource }
        var resource = resource
        resource.members = members
        return resource
    }
}

/// Reads the body of a POST or PUT of a group while it arrives. A member takes 24 bytes from then on, so that a hundred thousand of them cost a few
/// megabytes, and the text, of which only a piece is held, nothing.
///
///     var reader = GroupBodyReader(maximumBytes: limit, maximumDepth: depth)
///     for try await part in body { try part.withUnsafeReadableBytes { try reader.append($0) } }
///     let resource = try validator.validate(try reader.finish())
///
/// JSON is read as strictly as elsewhere, and members are refused with the same words; but the first trouble is told at once, without a look at what
/// follows it.
package struct GroupBodyReader: Sendable {
    /// Of everything that is no member, together: as much as any other resource may have.
    package static let maximumAttributeBytes = 1 << 20
    /// Of one member, with what else the client tells about it.
    package static let maximumMemberBytes = 16 << 10
    /// Of the list, as it was sent.
    package static let maximumMembers = 500_000

    private struct NumberedMember {
        let id: ResourceID
        /// In the client's list.
        let index: UInt32
        let type: ResourceType?
    }

    private var reader: JSONStreamReader
    private var object = JSONObject()
    private var members: [NumberedMember] = []
    private var hasMembers = false
    private var isObject = true
    private var isEmpty = true

    /// - Parameters:
    ///   - maximumBytes: Of the whole body.
    ///   - maximumDepth: Of its nesting.
    ///   - maximumValues: Of one attribute, or member.
    package init(maximumBytes: Int, maximumDepth: Int, maximumValues: Int? = nil) {
        let limits = JSONLimits(
            maximumBytes: maximumBytes, maximumDepth: maximumDepth, maximumElements: Self.maximumMembers,
            maximumValues: maximumValues)
        reader = JSONStreamReader(
            limits: limits, maximumElementBytes: Self.maximumMemberBytes,
            maximumMemberBytes: Self.maximumAttributeBytes, isSplit: { $0.equalsIgnoringASCIICase("members") })
    }

    /// Takes the next part of the body.
    ///
    /// - Throws: 413 for more than is allowed, 400 with `invalidSyntax` for what is not JSON, and with `invalidValue` for the first member that is
    ///   none. The reader is of no use afterwards.
    package mutating func append(_ bytes: UnsafeRawBufferPointer) throws(SCIMError) {
        isEmpty = isEmpty && bytes.isEmpty
        do throws(JSONError) {
            try reader.append(bytes)
        } catch {
            throw .malformedJSON(error)
        }
        try takePieces()
    }

    package mutating func append(_ bytes: [UInt8]) throws(SCIMError) {
        try bytes.withUnsafeBufferPointer { (bytes) throws(SCIMError) in try append(UnsafeRawBufferPointer(bytes)) }
    }

    /// - Throws: Also for a body that ends too early, or is no object.
    package mutating func finish() throws(SCIMError) -> GroupBody {
        guard !isEmpty else { throw .invalidSyntax("The request has no body") }
        reader.finish()
        try takePieces()
        guard isObject else { throw .invalidSyntax("The body must be a JSON object") }
        do throws(Refusal) {
            return GroupBody(object: object, members: try distinctMembers())
        } catch {
            throw error.within(attribute: "members").error
        }
    }

    private mutating func takePieces() throws(SCIMError) {
        while let piece = try nextPiece() {
            switch piece {
            case .value: isObject = false
            case .member(let key, let value): object.append(uniqueKey: key, value)
            case .array(let key):
                guard !hasMembers else { throw Refusal("is given twice", at: "members").error }
                hasMembers = true
                object.append(uniqueKey: key, [])
            case .element(let value, let index):
                do throws(Refusal) {
                    let member = try MemberReader.member(value)
                    members.append(NumberedMember(id: member.id, index: UInt32(index), type: member.type))
                } catch {
                    throw error.within(element: index).within(attribute: "members").error
                }
            }
        }
    }

    private mutating func nextPiece() throws(SCIMError) -> JSONStreamReader.Piece? {
        do throws(JSONError) {
            return try reader.next()
        } catch {
            throw .malformedJSON(error)
        }
    }

    /// As ``MemberReader`` has it: a member that was sent twice has the type that one of the values says.
    private mutating func distinctMembers() throws(Refusal) -> [ValidatedResource.Member]? {
        guard hasMembers else { return nil }
        var sent = members
        members = []
        sent.sort { ($0.id, $0.index) < ($1.id, $1.index) }
        var distinct: [ValidatedResource.Member] = []
        distinct.reserveCapacity(sent.count)
        var contradiction: UInt32?
        for member in sent {
            guard let last = distinct.last, last.id == member.id else {
                distinct.append(.init(id: member.id, type: member.type))
                continue
            }
            guard let type = member.type, type != last.type else { continue }
            if last.type != nil { contradiction = min(contradiction ?? .max, member.index) }
            distinct[distinct.count - 1] = .init(id: member.id, type: type)
        }
        if let contradiction {
            throw Refusal("contradicts an earlier value for the same member", at: "type")
                .within(element: Int(contradiction))
        }
        return distinct
    }
}
