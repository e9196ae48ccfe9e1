// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import CoreMetrics
internal import SCIM
internal import Synchronization

/// The counters and timers of requirements R-44 a to c, and the accepted writes.
///
/// Counters and timers are kept: making one costs a lock and a search in the metrics system and several allocations.
final class RequestMetrics: Sendable {
    /// The label `resource`.
    enum Resource: Sendable {
        case user, group, bulk, discovery, other

        init(_ route: Route) {
            switch route {
            case .collection(let type), .resource(let type, _), .search(let type?):
                self =
                    switch type {
                    case .user: .user
                    case .group: .group
                    }
            case .me: self = .user
            case .bulk: self = .bulk
            case .serviceProviderConfig, .schemas, .schema, .resourceTypes, .resourceType, .openAPI: self = .discovery
            case .root, .search(nil), .transaction, .unknown: self = .other
            }
        }

        var name: String {
            switch self {
            case .user: "User"
            case .group: "Group"
            case .bulk: "Bulk"
            case .discovery: "Discovery"
            case .other: "Other"
            }
        }
    }

    private struct EndpointKey: Hashable {
        let method: RequestMethod
        let resource: Resource
    }

    private struct ErrorKey: Hashable {
        let endpoint: EndpointKey
        let status: Int
    }

    private struct Series {
        var endpoints: [EndpointKey: (requests: Counter, duration: Timer)] = [:]
        var errors: [ErrorKey: Counter] = [:]
    }

    private let factory: any MetricsFactory
    private let series = Mutex(Series())
    /// By ``AcceptedWrite`` and resource.
    private let accepted: [Counter]

    init(factory: any MetricsFactory) {
        self.factory = factory
        accepted = AcceptedWrite.allCases.flatMap { write in
            [Resource.user, .group].map { resource in
                Counter(
                    label: "scim_writes_accepted_total",
                    dimensions: [("operation", write.rawValue), ("resource", resource.name)], factory: factory)
            }
        }
        // The series that dashboards and alerts name exist from the start; the others appear with their first request.
        for method in [RequestMethod.get, .post, .put, .patch, .delete] {
            for resource in [Resource.user, .group] {
                let key = EndpointKey(method: method, resource: resource)
                _ = endpoint(key)
                for status in [500, 503] { _ = errorCounter(ErrorKey(endpoint: key, status: status)) }
            }
        }
    }

    func requestAnswered(_ method: RequestMethod, _ resource: Resource, status: Int, after duration: Duration) {
        let key = EndpointKey(method: method, resource: resource)
        let endpoint = endpoint(key)
        endpoint.requests.increment()
        let (seconds, attoseconds) = duration.components
        endpoint.duration.recordNanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
        if status >= 400 { errorCounter(ErrorKey(endpoint: key, status: status)).increment() }
    }

    func writeAccepted(_ write: AcceptedWrite, _ type: ResourceType) {
        accepted[write.index * 2 + (type == .user ? 0 : 1)].increment()
    }

    private func endpoint(_ key: EndpointKey) -> (requests: Counter, duration: Timer) {
        series.withLock { series in
            if let endpoint = series.endpoints[key] { return endpoint }
            let labels = [("method", key.method.name), ("resource", key.resource.name)]
            let endpoint = (
                requests: Counter(label: "scim_requests_total", dimensions: labels, factory: factory),
                duration: Timer(
                    label: "scim_request_duration_seconds", dimensions: labels, preferredDisplayUnit: .seconds,
                    factory: factory)
            )
            series.endpoints[key] = endpoint
            return endpoint
        }
    }

    private func errorCounter(_ key: ErrorKey) -> Counter {
        series.withLock { series in
            if let counter = series.errors[key] { return counter }
            let counter = Counter(
                label: "scim_request_errors_total",
                dimensions: [
                    ("method", key.endpoint.method.name), ("resource", key.endpoint.resource.name),
                    ("status", String(key.status)),
                ], factory: factory)
            series.errors[key] = counter
            return counter
        }
    }
}

/// What became a job; the words of the column `job.operation`.
enum AcceptedWrite: String, CaseIterable, Sendable {
    case create, modify, delete

    fileprivate var index: Int {
        switch self {
        case .create: 0
        case .modify: 1
        case .delete: 2
        }
    }
}
