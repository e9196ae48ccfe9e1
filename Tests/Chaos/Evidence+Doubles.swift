// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import JSON
internal import NIOHTTP1
internal import Redis

/// What UDM's double and the sinks of events saw.
extension Evidence {
    mutating func readUDM(_ round: Round) async throws {
        var after = 0
        while true {
            let page = try await round.control(.GET, udm: "objects?limit=1000&after=\(after)")
            let found = page["objects"]?.arrayValue ?? []
            for object in found {
                after = max(after, Int(object["ordinal"]?.integerValue ?? 0))
                objects.append(
                    Object(
                        dn: object["dn"]?.stringValue ?? "", module: object["objectType"]?.stringValue ?? "",
                        identifier: object["identifier"]?.stringValue, properties: object["properties"] ?? .null,
                        uuid: object["uuid"]?.stringValue ?? ""))
            }
            if found.count < 1000 { break }
        }
        check = try await round.control(.GET, udm: "check")
        let text = try String(contentsOfFile: "\(round.folder)/udm/requests.jsonl", encoding: .utf8)
        var ended: [(sequence: Int64, commit: Commit)] = []
        for line in text.split(separator: "\n") {
            let record = try JSONValue(parsing: String(line))
            if record["clientGone"] != nil, let sequence = record["sequence"]?.integerValue {
                abandonedCalls.insert(Int(sequence))
            }
            guard record["committed"]?.boolValue == true, let identifier = record["identifier"]?.stringValue,
                let method = record["method"]?.stringValue, method != "GET"
            else { continue }
            let requestID = record["requestID"]?.stringValue?.lowercased()
            ended.append(
                (
                    record["sequence"]?.integerValue ?? 0,
                    Commit(identifier: identifier, method: method, requestID: requestID)
                ))
        }
        commits = ended.sorted { ($0.sequence) < ($1.sequence) }.map(\.commit)
        try readPasswords("\(round.folder)/udm/changes.jsonl")
    }

    private mutating func readPasswords(_ path: String) throws {
        let limits = JSONLimits(maximumBytes: .max)
        for line in try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n") {
            let commit = try JSONValue(parsing: Array(line.utf8), limits: limits)
            for change in commit["changes"]?.arrayValue ?? [] {
                guard let body = change["create"] ?? change["set"], let uuid = body["uuid"]?.stringValue,
                    let newest = body["passwords"]?[0]?.stringValue
                else { continue }
                fingerprints[uuid] = newest
            }
        }
    }

    // MARK: Events

    mutating func readEvents(_ round: Round) async throws {
        for sink in round.plan.sinks {
            switch sink {
            case Plan.webhook:
                events[sink] = try round.webhook.deliveries.map { delivery in
                    let message = try JSONValue(parsing: delivery.text)
                    let event = try Self.event(realm: message["realm"]?.stringValue, message["body"])
                    guard event.id == delivery.id else {
                        throw ChaosFailure("webhook-id \(delivery.id) came with event \(event.id)")
                    }
                    search(delivery.text, round, "an event of the webhook")
                    return event
                }
            case Plan.stream:
                var entries: [Event] = []
                var after = "-"
                func read(_ client: RedisClient) async throws {
                    after = "-"
                    while true {
                        let page =
                            try await client.send(
                                RedisCommand("XRANGE", Round.stream, after, "+", "COUNT", "500")
                            ).array ?? []
                        for entry in page { entries.append(try Self.event(entry: entry)) }
                        guard page.count == 500, let last = page.last?.array?.first?.string else { break }
                        after = "(\(last)"
                    }
                }
                try await round.servers.readLost { port in
                    try await round.withRedis(port: port) { try await read($0) }
                }
                try await round.withRedis { try await read($0) }
                events[sink] = entries
            default:
                events[sink] = try await readProvisioning(round)
            }
        }
    }

    private mutating func readProvisioning(_ round: Round) async throws -> [Event] {
        var events: [Event] = []
        var after: Int64 = 0
        while true {
            let page = try await round.control(.GET, provisioning: "messages?limit=1000&after=\(after)")
            let messages = page["messages"]?.arrayValue ?? []
            for message in messages {
                let message = message["message"]
                events.append(try Self.event(realm: message?["realm"]?.stringValue, message?["body"]))
                search(message?.text ?? "", round, "an event of Provisioning")
            }
            guard let last = page["last"]?.integerValue, last > after, messages.count == 1000 else { break }
            after = last
        }
        return events
    }

    private mutating func search(_ text: String, _ round: Round, _ place: String) {
        if text.contains(round.refusals.passwordMark) { leaks.append(place) }
    }

    private static func event(entry: RedisReply) throws -> Event {
        let fields = entry.array?.last?.array?.compactMap(\.string) ?? []
        var values: [String: String] = [:]
        for index in stride(from: 0, to: fields.count - 1, by: 2) { values[fields[index]] = fields[index + 1] }
        let event = try event(realm: values["realm"], try values["body"].map { try JSONValue(parsing: $0) })
        guard event.id == values["id"], "\(event.order)" == values["order"] else {
            throw ChaosFailure("an entry of the stream says \(values["id"] ?? "nothing") about event \(event.id)")
        }
        return event
    }

    private static func event(realm: String?, _ body: JSONValue?) throws -> Event {
        guard let realm,
            let side = [body?["new"], body?["old"]].compactMap({ $0 }).first(where: { $0[Event.metadata] != nil }),
            let metadata = side[Event.metadata], let id = metadata["eventId"]?.stringValue,
            let job = metadata["jobId"]?.stringValue, let order = metadata["order"]?.integerValue
        else { throw ChaosFailure("a message is no event of ours: \(body?.text ?? "nothing")") }
        let resource = metadata["resourceId"]?.stringValue ?? side["id"]?.stringValue ?? ""
        return Event(
            realm: realm, id: id, jobID: job, resourceID: resource, order: Int(order),
            operation: metadata["operation"]?.stringValue ?? "", old: body?["old"] ?? [:], new: body?["new"] ?? [:])
    }
}
