// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import Hummingbird
internal import Logging
internal import NIOCore

/// What a request brings besides itself: its connection.
struct ConnectionContext: InitializableFromSource, Sendable {
    let channel: any Channel

    init(source: ApplicationRequestContextSource) { channel = source.channel }
}

/// Where requests come in: the control interface, or the contract with the switches in front of it.
struct Responder: HTTPResponder {
    private static let controlPath = "/-/double"

    let double: UDMDouble

    func respond(to request: Request, context: ConnectionContext) async throws -> Response {
        let path = request.head.path ?? "/"
        if path.hasPrefix(Self.controlPath) {
            return try await ControlInterface(double: double)
                .respond(to: request, path: path.dropFirst(Self.controlPath.count), channel: context.channel)
        }
        let started = WallClock.microseconds
        let body: [UInt8]?
        do {
            let buffer = try await request.body.collect(upTo: double.configuration.maximumBodyBytes)
            body = Array(buffer.readableBytesView)
        } catch is NIOTooManyBytesError {
            body = nil
        }
        let exchange = Exchange(
            double: double, head: request.head, body: body, started: started,
            connection: double.connections[context.channel])
        do {
            if let answer = try await exchange.carryOut() { return answer.response(to: exchange) }
        } catch {
            double.logger.error("a request could not be recorded", metadata: ["reason": "\(error)"])
        }
        await drop(context.channel)
        throw ChannelError.ioOnClosedChannel
    }

    /// Closes the connection without an answer.
    private func drop(_ channel: any Channel) async {
        do {
            try await channel.close()
        } catch {
            // Closed already: the client was faster.
        }
    }
}

extension Answer {
    fileprivate func response(to exchange: Exchange) -> Response {
        var fields = HTTPFields()
        fields.reserveCapacity(8)
        if let contentType { fields[.contentType] = contentType }
        for (name, value) in headers { fields.append(HTTPField(name: name, value: value)) }
        fields[.vary] = "Accept, Accept-Language, Accept-Encoding, Authorization"
        fields[.requestID] = exchange.requestID
        for number in 0..<exchange.settings.linkHeaders {
            let address = number == 0 ? exchange.address : "\(exchange.links.root)relation/\(number)"
            let relation = number == 0 ? "self" : "udm:relation-\(number)"
            fields.append(HTTPField(name: .link, value: "<\(address)>; rel=\"\(relation)\""))
        }
        let isEmpty = body.isEmpty || exchange.head.method == .head
        return Response(
            status: HTTPResponse.Status(code: status), headers: fields,
            body: isEmpty ? ResponseBody() : ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }
}

extension HTTPField.Name {
    static let requestID = known("X-Request-Id")
    static let forwardedHost = known("X-Forwarded-Host")
    static let forwardedProtocol = known("X-Forwarded-Proto")
    static let link = known("Link")

    private static func known(_ text: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(text) else { preconditionFailure("no header name: \(text)") }
        return name
    }
}
