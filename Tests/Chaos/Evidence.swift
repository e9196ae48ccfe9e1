// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import JSON
internal import Logging
internal import NIOHTTP1
internal import Postgres
internal import Redis

/// Everything that is known after a round: PostgreSQL's tables, Redis's sets, and what the doubles saw.
struct Evidence: Sendable {
    struct Job: Sendable {
        let id: String
        let resourceID: String
        let type: String
        let revision: Int
        let order: Int
        let operation: String
        let state: String
        let requestID: String
        let error: String?
    }

    struct Resource: Sendable {
        let id: String
        let type: String
        let revision: Int
        let attributes: JSONValue
        var members: Set<String> = []
    }

    struct Object: Sendable {
        let dn: String
        let module: String
        let identifier: String?
        let properties: JSONValue
    }

    /// A write that UDM's double carried out, in the order in which they ended.
    struct Commit: Sendable {
        let identifier: String
        let method: String
        let requestID: String?
    }

    struct Event: Sendable {
        let realm: String
        let id: String
        let jobID: String
        let resourceID: String
        let order: Int
    }

    var jobs: [Job] = []
    var resources: [String: Resource] = [:]
    /// Counts that must be zero, by what they count.
    var leftovers: [String: Int] = [:]
    /// Resources of which something is parked or failed.
    var failures: [String: [String]] = [:]
    var objects: [Object] = []
    var commits: [Commit] = []
    /// Sequence numbers of requests whose client had given up: late calls that nobody can take back.
    var abandonedCalls: Set<Int> = []
    var check: JSONValue = .null
    var events: [Event] = []

    static func gather(_ round: Round) async throws -> Evidence {
        var evidence = Evidence()
        try await evidence.readDatabase(round)
        try await evidence.readRedis(round)
        try await evidence.readUDM(round)
        try await evidence.readEvents(round)
        return evidence
    }

    // MARK: PostgreSQL

    /// Work that is left: open jobs, unsent events, groups whose awaited members are in UDM.
    static func openWork(_ round: Round) async throws -> [String: Int] {
        let connection = try await round.servers.connect(round.database)
        let result: [String: Int]
        do {
            result = try await counts(connection)
        } catch {
            await connection.close()
            throw error
        }
        await connection.close()
        return result.filter { $0.value > 0 }
    }

    private static func counts(_ connection: PostgresConnection) async throws -> [String: Int] {
        let rows = try await connection.execute(
            PostgresStatement(
                unnamed: """
                    SELECT 'open jobs', count(*) FROM job
                    UNION ALL SELECT 'leases', count(*) FROM resource_sync WHERE leased_until > clock_timestamp()
                    UNION ALL SELECT 'events unsent', count(*) FROM event_outbox
                    UNION ALL SELECT 'looks owed', count(*) FROM verification
                    UNION ALL SELECT 'groups waiting', count(*) FROM waits_for w
                        WHERE EXISTS (SELECT FROM udm_object u WHERE u.resource_id = w.target_id)
                    UNION ALL SELECT 'members unsettled', count(*) FROM group_member m
                        JOIN udm_object g ON g.resource_id = m.group_id
                        JOIN udm_object u ON u.resource_id = m.member_id
                        WHERE m.synced = (m.removed_revision IS NOT NULL)
                            AND NOT EXISTS (
                                SELECT FROM group_member x WHERE x.group_id = m.group_id AND x.member_id = m.member_id
                                    AND x.added_revision <> m.added_revision)
                    """), [])
        var counts: [String: Int] = [:]
        for row in rows { counts[try row.string(0)] = Int(try row.int(1)) }
        return counts
    }

    private mutating func readDatabase(_ round: Round) async throws {
        let connection = try await round.servers.connect(round.database)
        do {
            try await readDatabase(connection)
        } catch {
            await connection.close()
            throw error
        }
        await connection.close()
    }

    private mutating func readDatabase(_ connection: PostgresConnection) async throws {
        leftovers = try await Self.counts(connection)
        for row in try await connection.execute(
            PostgresStatement(
                unnamed: """
                    SELECT id::text, resource_id::text, type, revision, "order", operation, state, request_id, last_error::text
                    FROM job_history ORDER BY "order"
                    """), [])
        {
            jobs.append(
                Job(
                    id: try row.string(0), resourceID: try row.string(1), type: try row.string(2),
                    revision: Int(try row.int(3)), order: Int(try row.int(4)), operation: try row.string(5),
                    state: try row.string(6), requestID: try row.string(7), error: try row.optionalString(8)))
        }
        for row in try await connection.execute(
            PostgresStatement(unnamed: "SELECT id::text, type, revision, attributes::text FROM resource"), [])
        {
            let id = try row.string(0)
            resources[id] = Resource(
                id: id, type: try row.string(1), revision: Int(try row.int(2)),
                attributes: try JSONValue(parsing: try row.string(3)))
        }
        for row in try await connection.execute(
            PostgresStatement(
                unnamed: "SELECT group_id::text, member_id::text FROM group_member WHERE removed_revision IS NULL"), [])
        {
            resources[try row.string(0)]?.members.insert(try row.string(1))
        }
        for row in try await connection.execute(
            PostgresStatement(unnamed: "SELECT resource_id::text, attribute, error::text FROM sync_failure"), [])
        {
            failures[try row.string(0), default: []].append("\(try row.string(1)): \(try row.string(2))")
        }
    }

    // MARK: Redis

    private mutating func readRedis(_ round: Round) async throws {
        let configuration = try RedisConfiguration(url: "redis://127.0.0.1:\(round.servers.redisPort)")
        let client = RedisClient(
            configuration: configuration, logger: Logger(label: "chaos") { _ in SwiftLogNoOpLogHandler() })
        do {
            try await client.start()
            try await readRedis(client, prefix: "{scim:\(round.queueName)}")
        } catch {
            await client.close()
            throw error
        }
        await client.close()
    }

    private mutating func readRedis(_ client: RedisClient, prefix: String) async throws {
        for (command, key) in [
            ("ZCARD", "due"), ("ZCARD", "lease"), ("HLEN", "owner"), ("SCARD", "dirty"), ("HLEN", "meta"),
        ] {
            let reply = try await client.send(RedisCommand(command, "\(prefix):\(key)"))
            leftovers["redis \(key)"] = Int(reply.integer ?? -1)
        }
        let ready = try await client.send(RedisCommand("KEYS", "\(prefix):ready:*"))
        leftovers["redis ready"] = ready.array?.count ?? -1
        let alive = try await client.send(RedisCommand("GET", "\(prefix):alive"))
        leftovers["redis not alive"] = alive.string.flatMap { Int64($0) } == nil ? 1 : 0
    }

    // MARK: The doubles

    private mutating func readUDM(_ round: Round) async throws {
        var after = 0
        while true {
            let page = try await round.control(.GET, udm: "objects?limit=1000&after=\(after)")
            let found = page["objects"]?.arrayValue ?? []
            for object in found {
                after = max(after, Int(object["ordinal"]?.integerValue ?? 0))
                objects.append(
                    Object(
                        dn: object["dn"]?.stringValue ?? "", module: object["objectType"]?.stringValue ?? "",
                        identifier: object["identifier"]?.stringValue, properties: object["properties"] ?? .null))
            }
            if found.count < 1000 { break }
        }
        check = try await round.control(.GET, udm: "check")
        let text = try String(contentsOfFile: "\(round.folder)/udm/requests.jsonl", encoding: .utf8)
        var ended: [(time: Int64, sequence: Int64, commit: Commit)] = []
        for line in text.split(separator: "\n") {
            let record = try JSONValue(parsing: String(line))
            if record["clientGone"] != nil, let sequence = record["sequence"]?.integerValue {
                abandonedCalls.insert(Int(sequence))
            }
            guard record["committed"]?.boolValue == true, let identifier = record["identifier"]?.stringValue,
                let method = record["method"]?.stringValue, method != "GET"
            else { continue }
            ended.append(
                (
                    record["ended"]?.integerValue ?? 0, record["sequence"]?.integerValue ?? 0,
                    Commit(
                        identifier: identifier, method: method,
                        requestID: record["requestID"]?.stringValue?.lowercased())
                ))
        }
        commits = ended.sorted { ($0.sequence) < ($1.sequence) }.map(\.commit)
    }

    private mutating func readEvents(_ round: Round) async throws {
        var after: Int64 = 0
        while true {
            let page = try await round.control(.GET, provisioning: "messages?limit=1000&after=\(after)")
            let messages = page["messages"]?.arrayValue ?? []
            for message in messages { events.append(try Self.event(message)) }
            guard let last = page["last"]?.integerValue, last > after, messages.count == 1000 else { break }
            after = last
        }
    }

    private static func event(_ message: JSONValue) throws -> Event {
        let body = message["message"]?["body"]
        let key = "urn:univention:scim:event:1.0"
        guard let realm = message["message"]?["realm"]?.stringValue,
            let side = [body?["new"], body?["old"]].compactMap({ $0 }).first(where: { $0[key] != nil }),
            let metadata = side[key], let id = metadata["eventId"]?.stringValue,
            let job = metadata["jobId"]?.stringValue, let order = metadata["order"]?.integerValue
        else { throw ChaosFailure("a message is no event of ours: \(message.text)") }
        let resource = metadata["resourceId"]?.stringValue ?? side["id"]?.stringValue ?? ""
        return Event(realm: realm, id: id, jobID: job, resourceID: resource, order: Int(order))
    }
}
