// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import SCIM

/// A step that changes or deletes a resource, ready to be carried out.
struct BulkChange: Sendable {
    enum Work: Sendable {
        case replace(JSONValue)
        case patch(Patch)
        case delete
        /// Whatever the resource is like.
        case refused(SCIMError)
    }

    let step: BulkStep
    let work: Work

    init(_ step: BulkStep, _ validator: ResourceValidator) {
        self.step = step
        do throws(SCIMError) {
            let data = try step.data()
            switch step.operation.method {
            case .put: work = .replace(data)
            case .patch: work = .patch(try validator.patch(data, as: step.type))
            case .delete: work = .delete
            case .post, .get, .head, .other: work = .refused(.methodNotAllowed(step.operation.method.name))
            }
        } catch {
            work = .refused(error)
        }
    }

    /// Whether it ends the same whatever becomes of other changes at the same time, and these whatever becomes of it. A group may take in another only
    /// as long as that one does not have it; a unique value may be one that another change gives up or takes.
    var isIndependent: Bool {
        switch work {
        case .refused: true
        case .patch(let patch): step.type == .user && !patch.mayMoveClaims
        // In a wave of deletes nobody asks for what it gives up; but it may change the version of a group.
        case .delete: step.operation.version == nil
        case .replace: false
        }
    }
}
