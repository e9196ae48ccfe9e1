// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Failpoints
internal import JSON
internal import Storage
internal import UDM

/// Brings one user into one group, or out of it, by the user's `groups`, under the user's lease.
///
/// UDM takes the whole list of groups and carries out what differs from what it finds; the user's ETag does not change with it. So what
/// came of it is looked at, and a list that is not the one that was sent is odd: somebody else was at work.
struct MembershipPush {
    /// Of the user.
    let push: Push
    /// Of the group, as UDM has told just now.
    let groupDN: String
    let isAddition: Bool

    struct Result {
        let isSettled: Bool
        let end: LoanEnd
        /// Trouble of UDM's that ends the turn; anything else leaves the member to the group's list.
        var error: (any Error)?
    }

    static let property = "groups"

    /// - Parameter hint: Where the user is believed to be.
    func send(to hint: String) async -> Result {
        var isSent = false
        let written: Push.Written<Set<String>>
        do {
            written = try await push.write(at: hint) { user in
                let change = try self.change(of: user)
                if !change.properties.isEmpty { isSent = true }
                return change
            }
        } catch let error as UDMError {
            return failed(error, isSent: isSent)
        } catch is LeftToGroup {
            return Result(isSettled: false, end: .known)
        } catch {
            // The lease may be over: the write was not made.
            return Result(isSettled: false, end: .known, error: error)
        }
        if written.unchanged != nil { return Result(isSettled: true, end: .known) }
        Failpoint.strike("members.sent-by-user")
        do throws(UDMError) {
            let seen = try await push.client.get(.user, dn: written.dn, requestID: push.requestID)
            let isAsSent = seen.isOf(push.resourceID) && DN.normalizedSet(Self.groups(of: seen)) == written.note
            return Result(isSettled: isAsSent, end: isAsSent ? .known : .odd)
        } catch {
            return Result(isSettled: false, end: .odd, error: error.class == .notFound ? nil : error)
        }
    }

    /// - Throws: ``LeftToGroup``.
    private func change(of user: UDMObject) throws -> Push.Change<Set<String>> {
        let groups = Self.groups(of: user)
        let primary = user.properties["primaryGroup"]?.stringValue
        if !isAddition, let primary, DN.areEqual(primary, groupDN) { throw LeftToGroup() }
        let merged = MemberDelta.merge(
            groups, adding: isAddition ? [groupDN] : [], removing: isAddition ? [] : [groupDN])
        guard let merged else { return Push.Change(properties: JSONObject(), note: []) }
        guard merged.allSatisfy(DN.isListable) else { throw LeftToGroup() }
        return Push.Change(
            properties: [Self.property: .array(merged.map { .string($0) })], note: DN.normalizedSet(merged))
    }

    private func failed(_ error: UDMError, isSent: Bool) -> Result {
        switch error.class {
        case .unknownOutcome:
            return Result(isSettled: false, end: .unknown, error: error)
        case .transient(nil), .authentication:
            // Not carried out.
            return Result(isSettled: false, end: .known, error: error)
        case .transient:
            // A group that is gone is no trouble of UDM's: the group's list decides.
            let trouble = error.missingGroup == nil ? error : nil
            return Result(isSettled: false, end: isSent ? .odd : .known, error: trouble)
        case .preconditionFailed:
            return Result(isSettled: false, end: .known)
        case .permanent, .notFound, .bug, .nameLock:
            // UDM may have carried out a part of it.
            return Result(isSettled: false, end: isSent ? .odd : .known)
        }
    }

    static func groups(of user: UDMObject) -> [String] {
        user.properties[property]?.arrayValue?.compactMap(\.stringValue) ?? []
    }

    /// The group is the user's primary group, and whether UDM takes a user out of that is decided by the group's list; or the user is in a group
    /// whose name UDM does not take in a list.
    private struct LeftToGroup: Error {}
}
