// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import CoreMetrics
internal import Executors
internal import HTTPTypes
package import Hummingbird
package import HummingbirdCore
package import Logging
package import NIOCore
internal import Postgres
package import Queue
package import SCIM
package import Storage

/// The SCIM endpoints under ``prefix``, and their description at `/openapi.json`: an HTTP request becomes a SCIM operation
/// on the database, its outcome the response.
///
/// Every answer is SCIM's, errors included, and carries the request's `X-Request-ID`. Nothing is answered without a token.
/// UDM, Redis and the Provisioning service are never asked, so none of their failures changes an answer.
package final class SCIMAPI: HTTPResponder {
    package typealias Context = SCIMRequestContext

    package static let prefix = "/scim/v2"

    private let authenticator: any TokenAuthenticator
    private let discovery: DiscoveryEndpoints
    private let resources: ResourceEndpoints
    private let lists: ListEndpoint
    private let bulk: BulkEndpoint
    private let me: MeEndpoint
    private let transactions: TransactionEndpoint
    private let bodies: BodyBudget
    private let explanation: ErrorExplanation
    private let rates: ClientRates
    private let backPressure: BackPressure?
    private let metrics: RequestMetrics
    private let logger: Logger

    /// - Parameters:
    ///   - queue: Where accepted writes are queued; nil leaves that to the sweep.
    ///   - baseURL: What clients call the API, such as `https://host/scim/v2`, without a slash at the end. All
    ///     addresses in answers are built from it and never from a request's `Host`.
    ///   - rules: What UDM demands of names, mail addresses and passwords; the same as the database's.
    ///   - cursors: Signs the cursors of lists; the same keys in every process.
    ///   - backPressure: Refuses writes while too much is open; nil takes all.
    ///   - interactiveRate: Writes a second of one client that are treated as single ones; see ``ClientRates``.
    ///   - acceptsPasswords: Whether the database has a key to seal passwords with; announced as `changePassword`.
    package init(
        database: Database, queue: WorkQueue?, authenticator: any TokenAuthenticator, baseURL: String,
        rules: DirectoryRules, cursors: CursorCodec, acceptsPasswords: Bool = true,
        registry: SchemaRegistry = .standard,
        limits: RequestLimits = RequestLimits(), backPressure: BackPressure? = nil,
        interactiveRate: Int = ClientRates.standard, logger: Logger,
        metrics factory: any MetricsFactory = MetricsSystem.factory
    ) {
        bodies = BodyBudget(total: limits.bodiesAtOnce, patience: limits.bodyPatience)
        let metrics = RequestMetrics(factory: factory)
        self.authenticator = authenticator
        self.metrics = metrics
        self.logger = logger
        self.backPressure = backPressure
        rates = ClientRates(perSecond: interactiveRate)
        discovery = DiscoveryEndpoints(
            registry: registry, limits: limits, acceptsPasswords: acceptsPasswords, baseURL: baseURL)
        let explanation = ErrorExplanation(logger: logger)
        self.explanation = explanation
        let store = database.resources
        let validator = ResourceValidator(registry: registry, rules: rules)
        let presenter = ResourcePresenter(store: store, registry: registry, baseURL: baseURL)
        let writes = ResourceWrites(
            store: store, validator: validator,
            accepted: AcceptedWrites(queue: queue, metrics: metrics, logger: logger))
        transactions = TransactionEndpoint(store: database.transactions, baseURL: baseURL, logger: logger)
        resources = ResourceEndpoints(
            store: store, writes: writes, validator: validator, presenter: presenter, transactions: transactions,
            limits: limits, logger: logger)
        lists = ListEndpoint(
            store: store, registry: registry, presenter: presenter, cursors: cursors, limits: limits, baseURL: baseURL)
        bulk = BulkEndpoint(
            writes: writes, presenter: presenter, transactions: transactions, limits: limits, explanation: explanation,
            references: BulkReferences(registry))
        me = MeEndpoint(store: store, registry: registry, resources: resources, baseURL: baseURL)
    }

    package func respond(to request: Request, context: Context) async throws -> Response {
        let start = ContinuousClock.now
        let headers = RequestHeaders(request.headers)
        let id = RequestID(header: headers.requestID)
        let method = RequestMethod(request.method)
        let target = RequestTarget(request.head.path ?? "")
        let route =
            target.path(below: SCIMAPI.prefix).map(Route.init(path:))
            ?? (target.path == OpenAPIDocument.path ? .openAPI : nil)
        let share = BodyShare(of: bodies)
        defer { share.release() }
        var response: Response
        do {
            guard let route else {
                throw SCIMError.notFound("There is nothing at this address; SCIM is below \(SCIMAPI.prefix)")
            }
            let principal = try await authenticate(headers)
            let query = target.query.isEmpty ? .none : try QueryParameters(target.query)
            let known = SCIMRequest(
                method: method, headers: headers, query: query, body: request.body, id: id, principal: principal,
                share: share, channel: context.channel)
            response =
                if known.mayTakeLong || route == .bulk {
                    try await offEventLoop { [self] in try await answer(known, at: route) }
                } else {
                    try await answer(known, at: route)
                }
        } catch {
            response = explanation.response(to: error, id)
        }
        // Keeps the Content-Length that GET would have.
        if method == .head { response = response.createHeadResponse() }
        response.headers.append(HTTPField(name: .requestID, value: id.description))
        note(response, method, route ?? .unknown, id, after: start.duration(to: .now))
        return response
    }

    // MARK: Authorisation

    private func authenticate(_ headers: RequestHeaders) async throws -> Principal {
        switch BearerCredentials(authorization: headers.authorization) {
        case .missing: throw Refusal.missingToken
        case .malformed: throw Refusal.invalidToken
        case .token(let token): return try await authenticator.authenticate(token)
        }
    }

    /// - Parameter lane: Nil: by the recent rate of the client.
    /// - Throws: 403 without the scope for it, 429 while too much is open.
    private func permittedWrite(_ request: SCIMRequest, lane: Lane? = nil) throws -> SCIMRequest {
        var request = try request.permitted(.write)
        request.lane = lane ?? rates.lane(of: request.principal.client, at: .now)
        try backPressure?.admit(request.lane, tenant: request.principal.tenant, now: .now())
        return request
    }

    // MARK: Routing

    private func answer(_ request: SCIMRequest, at route: Route) async throws -> Response {
        switch (route, request.method) {
        case (.unknown, _):
            throw SCIMError.notFound("There is no such endpoint")
        case (.root, .get), (.root, .head):
            return try await lists.list(ResourceType.allCases, try request.permitted(.read))
        case (.collection(let type), .get), (.collection(let type), .head):
            return try await lists.list([type], try request.permitted(.read))
        case (.search(let type), .post):
            return try await lists.search(type.map { [$0] } ?? ResourceType.allCases, try request.permitted(.read))
        case (.collection(let type), .post):
            return try await resources.create(type, try permittedWrite(request))
        case (.resource(let type, let id), .get), (.resource(let type, let id), .head):
            return try await resources.read(type, id, try request.permitted(.read))
        case (.resource(let type, let id), .put):
            return try await resources.replace(type, id, try permittedWrite(request))
        case (.resource(let type, let id), .patch):
            return try await resources.patch(type, id, try permittedWrite(request))
        case (.resource(let type, let id), .delete):
            return try await resources.delete(type, id, try permittedWrite(request))
        case (.bulk, .post):
            return try await bulk.answer(try permittedWrite(request, lane: .bulk))
        case (.me, .get), (.me, .head):
            return try await me.answer(try request.permitted(.read))
        case (.me, .put), (.me, .patch), (.me, .delete):
            return try await me.answer(try permittedWrite(request))
        case (.transaction(let transaction), .get), (.transaction(let transaction), .head):
            return try await transactions.answer(transaction, try request.permitted(.read))
        case (.serviceProviderConfig, .get), (.schemas, .get), (.schema, .get), (.resourceTypes, .get),
            (.resourceType, .get), (.openAPI, .get), (.openAPI, .head),
            (.serviceProviderConfig, .head), (.schemas, .head), (.schema, .head), (.resourceTypes, .head),
            (.resourceType, .head):
            return try discovery.answer(route, try request.permitted(.read).query)
        default:
            throw Refusal.methodNotAllowed(route)
        }
    }

    // MARK: After the answer

    private func note(
        _ response: Response, _ method: RequestMethod, _ route: Route, _ id: RequestID, after duration: Duration
    ) {
        let resource = RequestMetrics.Resource(route)
        metrics.requestAnswered(method, resource, status: response.status.code, after: duration)
        logger.debug(
            "A request was answered",
            metadata: [
                "requestID": "\(id)", "method": "\(method.name)", "resource": "\(resource.name)",
                "status": "\(response.status.code)", "milliseconds": "\(duration / .milliseconds(1))",
            ])
    }
}

/// What Hummingbird makes for every request. The API takes everything from the request itself.
package struct SCIMRequestContext: InitializableFromSource {
    let channel: any Channel

    package init(source: ApplicationRequestContextSource) { channel = source.channel }
}

extension SCIMAPI {
    /// How the HTTP server of this API treats its connections, for `HTTPServerBuilder.onEventLoops`. Its handlers keep ``HTTPRules``;
    /// further ones come behind them.
    ///
    /// - Parameter idleTimeout: Closes a connection that sends nothing for that long, in the middle of a request too;
    ///   not while it waits for an answer. Longer than the keep-alive of common load balancers (60 s), which should be
    ///   first to close.
    package static func httpConfiguration(idleTimeout: TimeAmount = .seconds(75)) -> HTTP1Channel.Configuration {
        HTTP1Channel.Configuration(
            additionalChannelHandlers: [HTTPRules.Installer()],
            idleTimeout: idleTimeout,
            httpDecoderConfiguration: HTTP1Channel.Configuration.DecoderConfiguration(
                maxHeaderFieldSize: RequestLines.longest, maxHeaderListSize: 32 << 10, maxHeaderFieldCount: 100))
    }
}
