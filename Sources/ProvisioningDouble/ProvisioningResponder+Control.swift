// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Hummingbird
internal import JSON

extension ProvisioningResponder {
    /// Everything under `/-/double`; `path` is what follows.
    func control(_ exchange: Exchange, _ path: [String]) throws -> Answer {
        guard path.count == 1 else { return .detail(404, "Not Found") }
        switch (path[0], exchange.method) {
        case ("health", .get): return Answer(200, ["status": "ok"])
        case ("switches", .get): return Answer(200, store.switches.json)
        case ("switches", .patch): return changeSwitches(exchange)
        case ("reset", .post):
            store.changeSwitches { $0 = store.configuration.switches }
            return Answer(200, store.switches.json)
        case ("messages", .get): return messages(exchange)
        case ("messages", .delete):
            try store.forgetAll()
            return Answer(200)
        case ("check", .get): return Answer(200, DeliveryCheck(store.messages(after: 0, limit: .max)).json)
        case ("statistics", .get): return Answer(200, statistics)
        case ("health", _), ("check", _), ("statistics", _): return .methodNotAllowed("GET")
        case ("switches", _): return .methodNotAllowed("GET, PATCH")
        case ("reset", _): return .methodNotAllowed("POST")
        case ("messages", _): return .methodNotAllowed("GET, DELETE")
        default: return .detail(404, "Not Found")
        }
    }

    private func changeSwitches(_ exchange: Exchange) -> Answer {
        do {
            let change = try JSONValue(parsing: Array(exchange.body.readableBytesView))
            try store.changeSwitches { (switches) throws(SwitchError) in try switches.merge(change) }
            return Answer(200, store.switches.json)
        } catch let error as SwitchError {
            return .detail(400, error.reason)
        } catch {
            return .detail(400, "the body is no JSON: \(error)")
        }
    }

    private func messages(_ exchange: Exchange) -> Answer {
        let after = exchange.parameter("after").map { Int($0) } ?? 0
        let limit = exchange.parameter("limit").map { Int($0) } ?? 1000
        guard let after, let limit, after >= 0, 1...10_000 ~= limit else {
            return .detail(400, "after takes a sequence number, limit takes 1 to 10000")
        }
        let messages = store.messages(after: after, limit: limit)
        var body = Array(#"{"messages":["#.utf8)
        for message in messages {
            if message.sequence != messages.first?.sequence { body.append(UInt8(ascii: ",")) }
            body += #"{"sequence":\#(message.sequence),"arrivedMicroseconds":\#(message.arrivedMicroseconds)"#.utf8
            body += #","requestId":"#.utf8
            appendJSONString(message.requestID, to: &body)
            body += #","message":"#.utf8
            body += message.bytes
            body.append(UInt8(ascii: "}"))
        }
        body += #"],"last":\#(messages.last?.sequence ?? after)}"#.utf8
        return Answer(200, bytes: body)
    }

    private var statistics: JSONValue {
        let (answered, accepted, undispatched) = store.statistics
        var answers = JSONObject()
        for (status, count) in answered.answers.sorted(by: { $0.key < $1.key }) {
            answers[String(status)] = .number(JSONNumber(Int64(count)))
        }
        return [
            "accepted": .number(JSONNumber(Int64(accepted))),
            "answers": .object(answers),
            "droppedBeforeAccept": .number(JSONNumber(Int64(answered.droppedBeforeAccept))),
            "droppedAfterAccept": .number(JSONNumber(Int64(answered.droppedAfterAccept))),
            "undispatched": .number(JSONNumber(Int64(undispatched))),
            "withoutSubscriber": .number(JSONNumber(Int64(answered.withoutSubscriber))),
            "subscriptions": .array(
                store.subscriptions.map { subscription in
                    [
                        "name": .string(subscription.draft.name),
                        "pending": .number(JSONNumber(Int64(subscription.pending))),
                        "isOut": .bool(subscription.isOut),
                    ]
                }),
        ]
    }
}
