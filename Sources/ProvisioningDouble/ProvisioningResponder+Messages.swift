// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Hummingbird
internal import JSON

extension ProvisioningResponder {
    private static let route = "POST /v1/messages"

    /// `POST /v1/messages`, with the faults at the places where they happen in reality.
    func publish(_ exchange: Exchange) async throws -> Answer {
        let switches = store.switches
        if switches.latency > .zero { await store.pause(until: .now + switches.latency) }
        if store.fires(.dropBeforeAccept) {
            store.count { $0.droppedBeforeAccept += 1 }
            return .dropped
        }
        if store.fires(.unavailable) { return Self.unavailable(switches) }
        if store.fires(.hang) {
            await store.pause(until: .now + switches.hangLength)
            return .internalError
        }

        let reading: Exchange.Reading
        do { reading = try exchange.readBody(Self.route) } catch { return error.answer }
        guard let credentials = exchange.credentials else { return .unauthorized("Not authenticated") }
        if !credentials.matches(store.configuration.events) || store.fires(.unauthorized) {
            return .unauthorized("Incorrect username or password")
        }

        let draft: MessageDraft
        switch reading {
        case .problem(let problem): return .invalid([problem], Self.route)
        case .value(let body):
            do { draft = try MessageDraft(body, publishers: switches.publishers) } catch {
                switch error {
                case .crash: return .internalError
                case .invalid(let problems): return .invalid(problems, Self.route)
                }
            }
        }
        if store.fires(.publisherRefused) {
            let others = switches.publishers.filter { $0 != draft.publisherName }
            let problem = ValidationProblem.notOne(
                of: others, [.name("body"), .name("publisher_name")], .string(draft.publisherName))
            return .invalid([problem], Self.route)
        }
        if store.fires(.internalError) { return .internalError }
        return try await accept(draft, exchange.requestID, switches)
    }

    private func accept(_ draft: MessageDraft, _ requestID: String, _ switches: Switches) async throws -> Answer {
        do {
            _ = try store.accept(draft, requestID: requestID)
        } catch {
            switch error {
            case .tooLarge: return .internalError
            case .journal(let error): throw error
            }
        }
        if store.fires(.dropAfterAccept) {
            store.count { $0.droppedAfterAccept += 1 }
            return .dropped
        }
        if store.fires(.hangAfterAccept) {
            await store.pause(until: .now + switches.hangLength)
            return .internalError
        }
        return Answer(202)
    }

    private static func unavailable(_ switches: Switches) -> Answer {
        var answer = Answer(switches.unavailableStatus, bytes: Array("upstream connect error\n".utf8))
        answer.headers[.contentType] = "text/plain"
        if let seconds = switches.retryAfterSeconds { answer.headers[.retryAfter] = String(seconds) }
        return answer
    }
}
