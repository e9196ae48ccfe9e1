// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import SCIM
internal import Storage
internal import UDM

/// Why a job failed, in the form in which it is stored, shown and published.
///
/// Shape: `{"status": "409", "scimType": "uniqueness", "detail": "…", "udm": {"httpStatus": 422, "module": …, "errors": […]},
/// "retryable": false}` (nubus-provisioning-api section 6.6). Never holds a secret: UDM's texts are cut by ``UDMError``.
struct JobError: Error, Sendable {
    let scim: SCIMError
    private let udm: JSONValue?
    private let retryable: Bool

    var detail: String { scim.detail }

    init(_ error: UDMError, job: LeasedJob, type: ResourceType, id: ResourceID) {
        let action =
            switch job.operation {
            case .create: "create"
            case .modify: "change"
            case .delete: "delete"
            }
        scim = error.scimError(action, type, id)
        udm = error.json
        switch error.class {
        case .transient, .unknownOutcome, .preconditionFailed, .authentication, .nameLock: retryable = true
        case .permanent, .notFound, .bug: retryable = false
        }
    }

    init(crashes: Int, type: ResourceType, id: ResourceID) {
        scim = SCIMError(
            status: 500, scimType: nil,
            detail: "\(type.rawValue) \(id): \(crashes) workers ended while they were working on this write")
        udm = nil
        retryable = false
    }

    init(missingStateOf job: JobID) {
        scim = SCIMError(status: 500, scimType: nil, detail: "Job \(job) has no state to push")
        udm = nil
        retryable = false
    }

    init(noPasswordKeyFor job: JobID) {
        scim = SCIMError(
            status: 500, scimType: nil, detail: "Job \(job) carries a sealed password, but PASSWORD_KEY_FILE is not set"
        )
        udm = nil
        retryable = false
    }

    var json: [UInt8] {
        var object = JSONObject()
        object["status"] = .string(String(scim.status))
        if let scimType = scim.scimType { object["scimType"] = .string(scimType.rawValue) }
        object["detail"] = .string(scim.detail)
        object["retryable"] = .bool(retryable)
        if let udm { object["udm"] = udm }
        return JSONValue.object(object).serialize()
    }
}
