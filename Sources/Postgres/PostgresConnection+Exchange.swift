// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import CPostgres

/// One statement: what goes to the server, and all that comes back.
extension PostgresConnection {
    /// When losing the connection leaves it open whether the statement took effect.
    enum CommitRisk { case never, outsideTransaction, always }

    enum Reply {
        case results([ResultHandle])
        case failure(ServerFailure)
    }

    func perform(_ command: PostgresCommand) async throws(PostgresError) -> PostgresResult {
        for isLastTry in [false, true] {
            let failure: ServerFailure
            switch try await prepareAndExecute(command) {
            case .results(let results):
                guard let result = results.last else {
                    throw PostgresError(kind: .decoding, message: "the server sent no result")
                }
                return PostgresResult(result)
            case .failure(let error):
                failure = error
            }
            guard failure.isStaleStatement else { throw failure.error }
            link?.forget(command.statement)
            let isInTransaction = link.map { PQtransactionStatus($0.pointer) } == PQTRANS_INERROR
            if isLastTry || isInTransaction { throw failure.error.retriable }
        }
        throw closedError
    }

    private func prepareAndExecute(_ command: PostgresCommand) async throws(PostgresError) -> Reply {
        guard let link else { throw closedError }
        let statement = command.statement
        if !link.isPrepared(statement) {
            let name = link.nameForPreparing(statement)
            let reply = try await exchange(.never) { $0.sendPrepare(statement, as: name) }
            guard case .results = reply else { return reply }
            link.didPrepare(statement, as: name)
            if let excess = link.excessStatement {
                let reply = try await exchange(.never) { $0.sendDeallocate(excess.name) }
                guard case .results = reply else { return reply }
                link.forget(excess.statement)
            }
            try checkCancellation()
        }
        return try await exchange(.outsideTransaction) { $0.sendExecute(command) }
    }

    /// Sends with `send` and takes all results. A failure is the server's; what is thrown ended the connection.
    func exchange(
        _ risk: CommitRisk, _ send: (PostgresLink) -> Bool
    ) async throws(PostgresError) -> Reply {
        guard let link else { throw closedError }
        let isInTransaction = PQtransactionStatus(link.pointer) != PQTRANS_IDLE
        guard send(link), link.flush() else {
            let error = PostgresError.connectionLost(link.errorMessage)
            lose(error)
            throw error
        }
        var results: [ResultHandle] = []
        var failure: ServerFailure?
        let mayCommit = risk == .always || (risk == .outsideTransaction && !isInTransaction)
        do throws(PostgresError) {
            while let result = try await nextResult() {
                switch PQresultStatus(result) {
                case PGRES_FATAL_ERROR:
                    let error = ServerFailure(result)
                    PQclear(result)
                    if error.endsSession { throw endedSession(error, risk, hasResult: !results.isEmpty) }
                    // The first one is the cause.
                    if failure == nil { failure = error }
                case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
                    PQclear(result)
                    throw .connectionLost("COPY needs copyIn or copyOut")
                default:
                    results.append(ResultHandle(adopting: result))
                }
            }
        } catch {
            lose(error)
            // Known for certain where the server itself ended the session before the statement was complete.
            throw error.committing(mayCommit && (error.sqlState == nil || error.mayHaveCommitted))
        }
        return failure.map { .failure($0) } ?? .results(results)
    }

    /// In the extended protocol nothing commits before the statement has answered; in the simple one it does.
    private func endedSession(_ failure: ServerFailure, _ risk: CommitRisk, hasResult: Bool) -> PostgresError {
        let isKnown = failure.error.sqlState != nil && risk != .always && !hasResult
        return failure.error.committing(!isKnown)
    }

    /// The next result of the statement under way, owned by the caller; nil at its end.
    func nextResult() async throws(PostgresError) -> OpaquePointer? {
        while true {
            let seen = events
            guard let link else { throw endingError }
            if PQisBusy(link.pointer) == 0 { return PQgetResult(link.pointer) }
            guard PQstatus(link.pointer) == CONNECTION_OK else { throw .connectionLost(link.errorMessage) }
            await nextEvent(after: seen)
        }
    }
}
