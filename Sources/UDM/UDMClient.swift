// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import JSON
package import Logging
package import Metrics
internal import NIOHTTP1
package import SCIM

/// A client of the UDM REST API, for users and groups.
///
/// Every call sends one request and never repeats it: retries belong to the queue. Every call but ``probe(timeout:)`` takes
/// the id of the request it is made for and fails with ``UDMError``. Cancelling the task ends the call.
package final class UDMClient: Sendable {
    package let configuration: UDMConfiguration
    private let transport: UDMTransport

    /// - Throws: ``UDMConfigurationError`` with every setting that cannot work.
    package init(
        configuration: UDMConfiguration,
        logger: Logger,
        metrics: any MetricsFactory = MetricsSystem.factory
    ) throws(UDMConfigurationError) {
        self.configuration = configuration
        transport = try UDMTransport(
            configuration: configuration, metrics: UDMMetrics(factory: metrics), logger: logger)
    }

    /// Closes the connections. Required before the client goes away.
    package func shutdown() async throws {
        try await transport.shutdown()
    }

    /// Tells `observer` of every call from now on; there is one at a time.
    package func observe(_ observer: any UDMObserver) { transport.observe(observer) }

    // MARK: Reading

    /// The objects with `univentionObjectIdentifier` equal to `identifier`: none, one, or in broken directories more.
    ///
    /// Costs UDM fifteen times a ``get(_:dn:requestID:)``: keep the DN of the write before and search only when that fails.
    /// - Parameter properties: The properties to return; none returns all.
    package func search(
        _ module: UDMModule, identifier: LowercaseUUID, properties: [String] = [], requestID: String
    ) async throws(UDMError) -> [UDMObject] {
        let filter = UDMFilter.equality(UDMObject.identifierProperty, identifier.description)
        return try await search(module, filter: filter, properties: properties, requestID: requestID)
    }

    /// The DNs of such objects alone, which UDM then does not open: the members of a group cost nothing.
    package func locate(
        _ module: UDMModule, identifier: LowercaseUUID, requestID: String
    ) async throws(UDMError) -> [String] {
        var request = UDMRequest(method: .GET, path: "\(module.rawValue)/", requestID: requestID, module: module)
        let filter = UDMFilter.equality(UDMObject.identifierProperty, identifier.description)
        request.query = [("filter", filter), ("hidden", "1"), ("properties", "dn")]
        return (try await json(request)["_embedded"]?["udm:object"]?.arrayValue ?? []).compactMap {
            $0["dn"]?.stringValue
        }
    }

    /// - Parameter filter: An LDAP filter; see ``UDMFilter``.
    package func search(
        _ module: UDMModule, filter: String, properties: [String] = [], requestID: String
    ) async throws(UDMError) -> [UDMObject] {
        var request = UDMRequest(method: .GET, path: "\(module.rawValue)/", requestID: requestID, module: module)
        // An object that an operator hid is still there.
        request.query = [("filter", filter), ("hidden", "1")]
        let wanted = properties.isEmpty ? [] : properties + [UDMObject.identifierProperty]
        request.query += Set(wanted).sorted().map { ("properties", $0) }
        let body = try await json(request)
        return (body["_embedded"]?["udm:object"]?.arrayValue ?? []).compactMap { UDMObject($0) }
    }

    /// The whole object, with its ETag.
    /// - Throws: Class `notFound` also when `dn` is outside UDM's LDAP base or of another module.
    package func get(_ module: UDMModule, dn: String, requestID: String) async throws(UDMError) -> UDMObject {
        let request = request(.GET, module, dn: dn, requestID: requestID)
        let answer = try await transport.send(request)
        guard let body = parse(answer), let object = UDMObject(body, etag: answer.etag) else {
            throw Self.unreadable(answer, to: request)
        }
        return object
    }

    /// Whether UDM has an object of any module at `dn`: `GET object/<dn>` redirects to it (udm-rest-api section 2).
    ///
    /// - Parameter dn: With the base as UDM spells it, see ``DN/spelled(_:under:)``: to any other spelling UDM says that there is nothing.
    package func exists(dn: String, requestID: String) async throws(UDMError) -> Bool {
        var request = UDMRequest(method: .GET, path: "object/\(DN.pathEncoded(dn))", requestID: requestID, dn: dn)
        request.takesRedirect = true
        do throws(UDMError) {
            _ = try await transport.send(request)
            return true
        } catch {
            guard error.class == .notFound else { throw error }
            return false
        }
    }

    /// The base of the directory as UDM spells it: `GET ldap/base/` redirects to its object.
    package func findBase(requestID: String) async throws(UDMError) -> String {
        var request = UDMRequest(method: .GET, path: "ldap/base/", requestID: requestID)
        request.takesRedirect = true
        let answer = try await transport.send(request)
        guard let base = located(answer, in: "container/dc") else { throw Self.unreadable(answer, to: request) }
        return base
    }

    /// The names of the properties that UDM has for new objects of `module`, by its template for them (udm-rest-api section 2); empty when the
    /// template does not tell.
    ///
    /// - Throws: Class `permanent` when the container for new objects does not exist.
    package func findProperties(_ module: UDMModule, requestID: String) async throws(UDMError) -> Set<String> {
        var position = configuration.position(for: module)
        if position == nil { position = try await findDefaultPosition(module, requestID: requestID) }
        var request = UDMRequest(method: .GET, path: "\(module.rawValue)/add", requestID: requestID, module: module)
        if let position { request.query = [("position", position)] }
        return Set(try await json(request)["properties"]?.objectValue?.keys ?? [])
    }

    /// The container UDM puts new objects of `module` into when none is named; `nil` when it has none.
    package func findDefaultPosition(_ module: UDMModule, requestID: String) async throws(UDMError) -> String? {
        let body = try await json(
            UDMRequest(
                method: .GET, path: "\(module.rawValue)/default-containers", requestID: requestID, module: module))
        let containers = body["default-containers"]?.arrayValue ?? []
        // The first pair is ["", "All containers"].
        return containers.lazy.compactMap { $0[0]?.stringValue }.first { !$0.isEmpty }
    }

    /// Asks for the entry point, which UDM answers only when LDAP and the account are fine.
    package func probe(timeout: Duration = .seconds(3)) async throws(UDMError) {
        var request = UDMRequest(method: .GET, path: "", requestID: LowercaseUUID.random().description)
        request.timeout = timeout
        _ = try await json(request)
    }

    // MARK: Writing

    /// Creates an object.
    ///
    /// - Parameters:
    ///   - position: DN of the container; `nil` takes the configured one, and without that UDM's default.
    ///   - properties: With `univentionObjectIdentifier`; see ``UDMMapping/createProperties(_:type:identifier:password:)``.
    ///   - options: UDM's object options to switch, such as `{"pki": true}`.
    /// - Throws: Class `unknownOutcome` when the object may be there now, or may come to be.
    package func create(
        _ module: UDMModule, position: String? = nil, properties: JSONObject, options: JSONObject? = nil,
        requestID: String
    ) async throws(UDMError) -> UDMWritten {
        try Self.checkIdentifier(properties, module: module)
        var body: JSONObject = ["properties": .object(properties)]
        if let position = position ?? configuration.position(for: module) { body["position"] = .string(position) }
        if let options, !options.isEmpty { body["options"] = .object(options) }
        var request = UDMRequest(method: .POST, path: "\(module.rawValue)/", requestID: requestID, module: module)
        request.body = .object(body)
        request.secret = properties["password"]?.stringValue
        let answer = try await transport.send(request)
        let created = parse(answer)
        guard let dn = created?["dn"]?.stringValue ?? located(answer, in: module.rawValue) else {
            var error = Self.unreadable(answer, to: request)
            error.class = .unknownOutcome
            throw error
        }
        return UDMWritten(
            dn: dn, uuid: created?["uuid"]?.stringValue, etag: answer.etag, warnings: Self.warnings(in: created))
    }

    /// Changes only the given properties: `null` clears a single value, a list replaces the stored list.
    ///
    /// - Parameter ifMatch: The ETag of a read, quotes included; class `preconditionFailed` when the object changed since.
    /// - Returns: The object's DN afterwards, another one when its name changed.
    package func modify(
        _ module: UDMModule, dn: String, properties: JSONObject, options: JSONObject? = nil, ifMatch: String? = nil,
        requestID: String
    ) async throws(UDMError) -> UDMWritten {
        var body: JSONObject = ["properties": .object(properties)]
        if let options, !options.isEmpty { body["options"] = .object(options) }
        var request = request(.PATCH, module, dn: dn, requestID: requestID)
        request.body = .object(body)
        request.ifMatch = ifMatch
        request.secret = properties["password"]?.stringValue
        let answer = try await transport.send(request)
        try checkWritten(answer, to: request)
        // UDM joins the address of the request and the new name, which is wrong below a container with a slash: it is needed for a new name only.
        let isRenamed = properties[module.nameProperty] != nil
        return UDMWritten(
            dn: isRenamed ? located(answer, in: module.rawValue) ?? dn : dn, etag: answer.etag,
            warnings: Self.warnings(in: parse(answer)))
    }

    /// Removes an object; UDM takes a user out of its groups by itself.
    /// - Throws: Class `notFound` when it is gone already; the caller decides whether that is success.
    package func delete(
        _ module: UDMModule, dn: String, ifMatch: String? = nil, requestID: String
    ) async throws(UDMError) {
        var request = request(.DELETE, module, dn: dn, requestID: requestID)
        request.ifMatch = ifMatch
        try checkWritten(try await transport.send(request), to: request)
    }

    // MARK: Answers

    private func request(_ method: HTTPMethod, _ module: UDMModule, dn: String, requestID: String) -> UDMRequest {
        UDMRequest(
            method: method, path: "\(module.rawValue)/\(DN.pathEncoded(dn))", requestID: requestID, module: module,
            dn: dn)
    }

    private func json(_ request: UDMRequest) async throws(UDMError) -> JSONValue {
        let answer = try await transport.send(request)
        guard let body = parse(answer), body.objectValue != nil else { throw Self.unreadable(answer, to: request) }
        return body
    }

    /// UDM answers a change with 204, or with JSON that has more to say: a page of something in between has changed nothing, whatever its status.
    private func checkWritten(_ answer: UDMAnswer, to request: UDMRequest) throws(UDMError) {
        // Of an answer whose body was lost, the head tells whose it is.
        let isOfUDM =
            answer.status == 204
            || (answer.body == nil ? answer.announcesJSON : parse(answer)?.objectValue != nil)
        guard isOfUDM else { throw Self.unreadable(answer, to: request) }
    }

    private func parse(_ answer: UDMAnswer) -> JSONValue? {
        answer.json(maximumBytes: configuration.maximumAnswerBytes)
    }

    /// The DN in `Location`, whose scheme, host and base path are those UDM believes it has.
    private func located(_ answer: UDMAnswer, in module: String) -> String? {
        guard let location = answer.headers.first(name: "Location"),
            let start = location.firstRange(of: "/\(module)/")?.upperBound
        else { return nil }
        let path = location[start...].prefix { $0 != "?" && $0 != "#" }
        return path.isEmpty ? nil : DN.pathDecoded(path)
    }

    private static func warnings(in body: JSONValue?) -> [String] {
        (body?["_embedded"]?["udm:warning"]?.arrayValue ?? []).compactMap { $0["message"]?.stringValue }
    }

    /// UDM says 500 to an identifier that is no UUID, as if that could pass; it takes versions 1 and 4 in lower case.
    private static func checkIdentifier(_ properties: JSONObject, module: UDMModule) throws(UDMError) {
        guard let identifier = properties[UDMObject.identifierProperty] else { return }
        guard let text = identifier.stringValue, let uuid = LowercaseUUID(text), uuid.description == text,
            [1, 4].contains(uuid.version)
        else {
            throw UDMError(
                .bug,
                detail: "\(UDMObject.identifierProperty) \(identifier.text) is no lower-case UUID of version 1 or 4",
                module: module)
        }
    }

    /// A success that cannot be read: most likely something in between answered.
    private static func unreadable(_ answer: UDMAnswer, to request: UDMRequest) -> UDMError {
        let type = answer.headers.first(name: "Content-Type") ?? "no content type"
        return UDMError(
            .transient, status: answer.status, detail: "the answer (\(type)) is not what UDM answers",
            module: request.module, dn: request.dn)
    }
}
