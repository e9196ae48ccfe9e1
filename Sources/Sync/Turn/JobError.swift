// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import SCIM
internal import Storage
internal import UDM

/// Why a job failed, in the form in which it is stored, shown and published.
///
/// Shape: `{"status": "409", "scimType": "uniqueness", "detail": "…", "udm": {"httpStatus": 422, "module": …, "errors": […]},
/// "retryable": false, "attributes": ["title"]}` (nubus-provisioning-api section 6.6), with the ``FailureSeries`` of a job that is tried again. Never holds a secret: UDM's texts are cut by ``UDMError``.
struct JobError: Error, Sendable {
    let scim: SCIMError
    private let udm: JSONValue?
    private let retryable: Bool
    /// The SCIM attributes that are not in UDM because of it, when the rest of the write is.
    private let attributes: [String]

    var detail: String { scim.detail }

    private init(_ scim: SCIMError, udm: JSONValue? = nil, retryable: Bool = false, attributes: [String] = []) {
        self.scim = scim
        self.udm = udm
        self.retryable = retryable
        self.attributes = attributes
    }

    /// - Parameter attributes: Those that were refused, when the rest of the write goes through without them.
    init(
        _ error: UDMError, operation: JobOperation, type: ResourceType, id: ResourceID, attributes: [String] = []
    ) {
        let action =
            switch operation {
            case .create: "create"
            case .modify: "change"
            case .delete: "delete"
            }
        let retryable =
            switch error.class {
            case .transient, .unknownOutcome, .preconditionFailed, .authentication, .nameLock: true
            case .notFound: error.mayBeLate
            case .permanent, .bug: false
            }
        self.init(
            error.scimError(action, type, id), udm: error.json, retryable: retryable, attributes: attributes)
    }

    init(crashes: Int, type: ResourceType, id: ResourceID) {
        self.init(
            Self.internalError(
                "\(type.rawValue) \(id): \(crashes) workers ended while they were working on this write"))
    }

    init(missingStateOf job: JobID) {
        self.init(Self.internalError("Job \(job) has no state to push"))
    }

    init(unreadableStateOf job: JobID, _ error: JSONError) {
        self.init(Self.internalError("The state of job \(job) cannot be read: \(error)"))
    }

    /// - Parameter retryable: Another worker, or this one after a restart, may have the key.
    init(_ error: PasswordKeyError, job: JobID, retryable: Bool) {
        self.init(
            Self.internalError("The sealed password of job \(job) cannot be opened: \(error.reason)"),
            retryable: retryable)
    }

    /// Another resource has a value of this one, and has open jobs.
    init(
        waitingFor holders: [ResourceID], _ error: UDMError, operation: JobOperation, type: ResourceType, id: ResourceID
    ) {
        let refusal = JobError(error, operation: operation, type: type, id: id)
        let names = holders.map(\.description).joined(separator: ", ")
        self.init(
            SCIMError(
                status: refusal.scim.status, scimType: refusal.scim.scimType,
                detail: "\(refusal.detail) (waiting for the writes of \(names))"),
            udm: error.json, retryable: true)
    }

    /// The password waited too long and is not sent any more.
    init(passwordExpiredAfter lifetime: Duration, type: ResourceType, id: ResourceID) {
        let hours = lifetime.components.seconds / 3600
        self.init(
            SCIMError(
                status: 400, scimType: .invalidValue,
                detail:
                    "The password of \(type.rawValue) \(id) waited for more than \(hours) h and was erased: set it again"
            ),
            attributes: ["password"])
    }

    /// Several at once, for one event: its terms are those of the first.
    init?(joining errors: [JobError]) {
        guard let first = errors.first else { return nil }
        let scim = SCIMError(
            status: first.scim.status, scimType: first.scim.scimType,
            detail: errors.map(\.detail).joined(separator: "; "))
        self.init(
            errors.count == 1 ? first.scim : scim, udm: first.udm, retryable: first.retryable,
            attributes: errors.flatMap(\.attributes))
    }

    private static func internalError(_ detail: String) -> SCIMError {
        SCIMError(status: 500, scimType: nil, detail: detail)
    }

    /// - Parameter series: Of failures, for a job that is tried again.
    func json(_ series: FailureSeries? = nil) -> [UInt8] {
        var object = JSONObject()
        object["status"] = .string(String(scim.status))
        if let scimType = scim.scimType { object["scimType"] = .string(scimType.rawValue) }
        object["detail"] = .string(scim.detail)
        object["retryable"] = .bool(retryable)
        if !attributes.isEmpty { object["attributes"] = .array(attributes.map { .string($0) }) }
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
