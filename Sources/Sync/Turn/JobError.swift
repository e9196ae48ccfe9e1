// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import SCIM
internal import Storage
internal import UDM

/// Why a job failed, in the form in which it is stored, shown and published.
///
/// Shape: `{"status": "409", "scimType": "uniqueness", "detail": "…", "udm": {"httpStatus": 422, "module": …, "errors": […]},
/// "retryable": false}` (nubus-provisioning-api section 6.6), with the ``FailureSeries`` of a job that is tried again. Never holds a secret: UDM's texts are cut by ``UDMError``.
struct JobError: Error, Sendable {
    let scim: SCIMError
    private let udm: JSONValue?
    private let retryable: Bool

    var detail: String { scim.detail }

    init(_ error: UDMError, operation: JobOperation, type: ResourceType, id: ResourceID) {
        let action =
            switch operation {
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

    init(unreadableStateOf job: JobID, _ error: JSONError) {
        scim = SCIMError(status: 500, scimType: nil, detail: "The state of job \(job) cannot be read: \(error)")
        udm = nil
        retryable = false
    }

    /// - Parameter retryable: Another worker, or this one after a restart, may have the key.
    init(_ error: PasswordKeyError, job: JobID, retryable: Bool) {
        scim = SCIMError(
            status: 500, scimType: nil, detail: "The sealed password of job \(job) cannot be opened: \(error.reason)")
        udm = nil
        self.retryable = retryable
    }

    /// - Parameter series: Of failures, for a job that is tried again.
    func json(_ series: FailureSeries? = nil) -> [UInt8] {
        var object = JSONObject()
        object["status"] = .string(String(scim.status))
        if let scimType = scim.scimType { object["scimType"] = .string(scimType.rawValue) }
        object["detail"] = .string(scim.detail)
        object["retryable"] = .bool(retryable)
        if let udm { object["udm"] = udm }
        if let series { object[FailureSeries.member] = series.json }
        return JSONValue.object(object).serialize()
    }
}

/// This process has not got the key that a password was sealed with, or the envelope is damaged.
struct PasswordKeyError: Error, Sendable {
    let reason: String

    /// The kind of its ``FailureSeries``.
    static let series = "password_key"
}
