// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import JSON
internal import Postgres
internal import Redis

/// What the bridge keeps.
extension Evidence {
    // MARK: PostgreSQL

    /// Work that is left: open jobs, unsent events, groups whose awaited members are in UDM.
    static func openWork(_ round: Round) async throws -> [String: Int] {
        try await round.withDatabase { try await counts($0) }.filter { $0.value > 0 }
    }

    private static func counts(_ connection: PostgresConnection) async throws -> [String: Int] {
        let rows = try await connection.execute(
            PostgresStatement(
                unnamed: """
                    SELECT 'open jobs', count(*) FROM job
                    UNION ALL SELECT 'leases', count(*) FROM resource_sync WHERE leased_until > clock_timestamp()
                    UNION ALL SELECT 'events unsent', count(*) FROM event_outbox
                    UNION ALL SELECT 'looks owed', count(*) FROM verification
                    UNION ALL SELECT 'compensations owed', count(*) FROM compensation
                    UNION ALL SELECT 'pauses', count(*) FROM queue_pause
                    -- A group that UDM does not take waits for nobody.
                    UNION ALL SELECT 'groups waiting', count(*) FROM waits_for w
                        JOIN udm_object g ON g.resource_id = w.resource_id
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

    mutating func readDatabase(_ round: Round) async throws {
        let mark = round.refusals.passwordMark
        self = try await round.withDatabase { [self] connection in
            var evidence = self
            try await evidence.readDatabase(connection)
            try await evidence.searchDatabase(connection, for: mark)
            return evidence
        }
    }

    private mutating func readDatabase(_ connection: PostgresConnection) async throws {
        leftovers = try await Self.counts(connection)
        for row in try await connection.execute(
            PostgresStatement(
                unnamed: """
                    SELECT id::text, resource_id::text, type, revision, "order", operation, state, request_id, last_error::text,
                        superseded_by::text, old_state::text, new_state::text, is_announced, settled_at IS NOT NULL, client
                    FROM job_history ORDER BY "order"
                    """), [])
        {
            var job = Job(
                id: try row.string(0), resourceID: try row.string(1), type: try row.string(2),
                revision: Int(try row.int(3)), order: Int(try row.int(4)), operation: try row.string(5),
                state: try row.string(6), requestID: try row.string(7), error: try row.optionalString(8),
                supersededBy: try row.optionalString(9))
            job.oldResource = try Self.resource(in: try row.optionalString(10))
            job.newResource = try Self.resource(in: try row.optionalString(11))
            job.isAnnounced = try row.bool(12)
            job.isSettled = try row.bool(13)
            job.client = try row.string(14)
            jobs.append(job)
        }
        for row in try await connection.execute(
            PostgresStatement(
                unnamed: """
                    SELECT job_id::text, resource_id::text, substr(action, 14) FROM audit_log
                    WHERE action LIKE 'compensation.%' ORDER BY id
                    """), [])
        {
            compensations.append(
                Compensation(
                    jobID: try row.string(0), resourceID: try row.string(1), end: try row.string(2)))
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
            PostgresStatement(unnamed: "SELECT resource_id::text, attribute FROM sync_failure"), [])
        {
            failures[try row.string(0), default: []].insert(try row.string(1))
        }
    }

    private static func resource(in state: String?) throws -> JSONValue {
        guard let state else { return .null }
        return try JSONValue(parsing: state)["resource"] ?? .null
    }

    /// No sealed password is left anywhere, and none lies about in clear: every column of every table is looked at.
    private mutating func searchDatabase(_ connection: PostgresConnection, for mark: String) async throws {
        let columns = try await connection.execute(
            PostgresStatement(
                unnamed: """
                    SELECT c.table_name::text, c.column_name::text, c.data_type::text
                    FROM information_schema.columns c
                    JOIN pg_class p ON p.relname = c.table_name AND p.relkind IN ('r', 'p') AND NOT p.relispartition
                    WHERE c.table_schema = 'public' AND c.data_type IN ('bytea', 'jsonb', 'json', 'text')
                    """), [])
        for row in columns {
            let (table, column) = (try row.string(0), try row.string(1))
            let isSealed = try row.string(2) == "bytea"
            let condition = isSealed ? "IS NOT NULL" : "::text LIKE '%\(mark)%'"
            let sql = "SELECT count(*) FROM \"\(table)\" WHERE \"\(column)\"\(isSealed ? " " : "")\(condition)"
            let count = Int(try await connection.execute(PostgresStatement(unnamed: sql), [])[0].int(0))
            if isSealed, column == "secret" { leftovers["sealed passwords in \(table)"] = count }
            if !isSealed, count > 0 { leaks.append("\(count) rows of \(table).\(column)") }
        }
    }

    // MARK: Redis

    mutating func readRedis(_ round: Round) async throws {
        let prefix = "{scim:\(round.queueName)}"
        let (found, later) = try await round.withRedis { client in
            var found: [String: Int] = [:]
            for (command, key) in [
                ("ZCARD", "due"), ("ZCARD", "lease"), ("HLEN", "owner"), ("SCARD", "dirty"), ("HLEN", "meta"),
                ("SCARD", "paused"),
            ] {
                let reply = try await client.send(RedisCommand(command, "\(prefix):\(key)"))
                found["redis \(key)"] = Int(reply.integer ?? -1)
            }
            let ready = try await client.send(RedisCommand("KEYS", "\(prefix):ready:*"))
            found["redis ready"] = ready.array?.count ?? -1
            let alive = try await client.send(RedisCommand("GET", "\(prefix):alive"))
            found["redis not alive"] = alive.string.flatMap { Int64($0) } == nil ? 1 : 0
            let clock = try await client.send(RedisCommand("TIME")).array?.first?.string.flatMap { Int64($0) } ?? 0
            let first = RedisCommand(["ZRANGE", "\(prefix):due", "0", "4", "WITHSCORES"])
            let due = try await client.send(first).array ?? []
            let later = stride(from: 0, to: due.count - 1, by: 2).map { index in
                let seconds = (due[index + 1].string.flatMap { Int64($0) } ?? 0) / 1000 - clock
                return "\(due[index].string ?? "") is due in \(seconds) s"
            }
            return (found, later)
        }
        leftovers.merge(found) { $1 }
        dueLater = later
    }

    // MARK: Logs

    mutating func searchLogs(_ round: Round) {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: round.folder)) ?? []
        for file in files.sorted() where file.hasSuffix(".log") {
            guard let text = try? String(contentsOfFile: "\(round.folder)/\(file)", encoding: .utf8) else { continue }
            if text.contains(round.refusals.passwordMark) { leaks.append("the log \(file)") }
        }
    }
}
