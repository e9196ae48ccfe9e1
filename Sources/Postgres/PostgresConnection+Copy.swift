// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import CPostgres

/// COPY, with back-pressure in both directions.
extension PostgresConnection {
    /// Rows that a chunk of ``copyOut(_:_:)`` gathers, in bytes.
    private static let chunkSize = 64 << 10

    /// `COPY … FROM STDIN`: sends `chunks`, which need not end where rows end. When they throw, the server drops what it
    /// has got, and the error is passed on.
    ///
    /// - Returns: The number of rows.
    package nonisolated func copyIn<Chunks: AsyncSequence>(
        _ sql: String, _ chunks: Chunks
    ) async throws -> Int where Chunks.Element == [UInt8] {
        let number = try await beginCopy(sql, PGRES_COPY_IN)
        return try await withTaskCancellationHandler {
            do {
                for try await chunk in chunks { try await send(chunk) }
            } catch {
                await abortCopyIn()
                throw error
            }
            return try await endCopyIn()
        } onCancel: {
            cancel(number)
        }
    }

    package nonisolated func copyIn(_ sql: String, _ chunks: some Sequence<[UInt8]>) async throws -> Int {
        let number = try await beginCopy(sql, PGRES_COPY_IN)
        return try await withTaskCancellationHandler {
            do {
                for chunk in chunks { try await send(chunk) }
            } catch {
                await abortCopyIn()
                throw error
            }
            return try await endCopyIn()
        } onCancel: {
            cancel(number)
        }
    }

    /// `COPY … TO STDOUT`: hands whole rows to `receive`, about 64 KiB at a time, and reads on when it has returned.
    /// When it throws, the statement is cancelled, and the error is passed on.
    ///
    /// - Returns: The number of rows.
    package nonisolated func copyOut(_ sql: String, _ receive: ([UInt8]) async throws -> Void) async throws -> Int {
        let number = try await beginCopy(sql, PGRES_COPY_OUT)
        return try await withTaskCancellationHandler {
            do {
                while let chunk = try await nextChunk() { try await receive(chunk) }
            } catch {
                await abortCopyOut()
                throw error
            }
            return try await endCopyOut()
        } onCancel: {
            cancel(number)
        }
    }

    // MARK: - Both ways

    /// Holds the connection until one of the functions that end a COPY.
    /// - Returns: The operation, for its cancellation.
    private func beginCopy(_ sql: String, _ direction: ExecStatusType) async throws(PostgresError) -> UInt64 {
        try ParameterBuffer.validate([.text(sql)])
        let number = try await beginOperation(isCancellable: true)
        let outcome = await withTaskCancellationHandler {
            await startCopy(sql, direction)
        } onCancel: {
            cancel(number)
        }
        guard case .failure(let error) = outcome else { return number }
        if error.kind == .connectionLost || error.kind == .timeout && error.sqlState == nil { lose(error) }
        let wasCancelled = await endOperation()
        throw wasCancelled && error.sqlState == "57014" ? .cancelled() : error
    }

    private func startCopy(_ sql: String, _ direction: ExecStatusType) async -> Result<Void, PostgresError> {
        do throws(PostgresError) {
            _ = try refresh()
            guard let link else { throw closedError }
            guard PQsendQuery(link.pointer, sql) == 1, link.flush() else {
                throw .connectionLost(link.errorMessage)
            }
            guard let result = try await nextResult() else {
                throw PostgresError(kind: .decoding, message: "the server sent no result")
            }
            let status = PQresultStatus(result)
            let failure = status == PGRES_FATAL_ERROR ? ServerFailure(result) : nil
            PQclear(result)
            if status == direction { return .success(()) }
            guard let failure, !failure.endsSession else {
                throw failure?.error ?? .connectionLost("the statement is not a COPY in this direction")
            }
            _ = try await finalResult()
            return .failure(failure.error)
        } catch {
            return .failure(error)
        }
    }

    /// Takes what is left of the statement.
    private func finalResult() async throws(PostgresError) -> Int {
        var rows = 0
        var failure: ServerFailure?
        while let result = try await nextResult() {
            if PQresultStatus(result) == PGRES_FATAL_ERROR {
                if failure == nil { failure = ServerFailure(result) }
                PQclear(result)
            } else {
                rows = PostgresResult(ResultHandle(adopting: result)).affectedRows
            }
            if failure?.endsSession == true { break }
        }
        if let failure { throw failure.error }
        return rows
    }

    /// The answer to a COPY whose data has been sent or received.
    private func endCopy(mayCommit: Bool) async throws(PostgresError) -> Int {
        let outcome: Result<Int, PostgresError>
        do throws(PostgresError) {
            outcome = .success(try await finalResult())
        } catch {
            let isLost = error.kind == .connectionLost || link == nil
            if isLost { lose(error) }
            outcome = .failure(isLost ? error.committing(mayCommit) : error)
        }
        let wasCancelled = await endOperation()
        if wasCancelled, case .failure(let error) = outcome, error.sqlState == "57014" { throw .cancelled() }
        return try outcome.get()
    }

    private func gone(_ link: PostgresLink) -> PostgresError {
        let error = PostgresError.connectionLost(link.errorMessage)
        lose(error)
        return error
    }

    // MARK: - In

    private func send(_ chunk: [UInt8]) async throws(PostgresError) {
        if Task.isCancelled { throw .cancelled() }
        guard !chunk.isEmpty else { return }
        while true {
            guard let link else { throw endingError }
            let taken = chunk.withUnsafeBytes { bytes in
                PQputCopyData(
                    link.pointer, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(clamping: bytes.count))
            }
            guard taken >= 0, link.flush() else { throw gone(link) }
            // Not more in memory than the socket does not take yet.
            while true {
                let seen = events
                guard link.hasUnsentData else { break }
                await nextEvent(after: seen)
                if Task.isCancelled { throw .cancelled() }
                guard self.link === link else { throw endingError }
                guard PQstatus(link.pointer) == CONNECTION_OK else { throw gone(link) }
            }
            if taken == 1 { return }
        }
    }

    private func endCopyIn() async throws(PostgresError) -> Int {
        let isInTransaction = session.isInTransaction
        if let link, PQputCopyEnd(link.pointer, nil) != 1 || !link.flush() {
            lose(.connectionLost(link.errorMessage))
        }
        return try await endCopy(mayCommit: !isInTransaction)
    }

    private func abortCopyIn() async {
        if let link, PQputCopyEnd(link.pointer, "given up by the sender") != 1 || !link.flush() {
            lose(.connectionLost(link.errorMessage))
        }
        // The server's complaint about the end that was asked for is no news to whoever gave up.
        _ = try? await endCopy(mayCommit: false)
    }

    // MARK: - Out

    private func nextChunk() async throws(PostgresError) -> [UInt8]? {
        if Task.isCancelled { throw .cancelled() }
        var chunk: [UInt8] = []
        while true {
            let seen = events
            guard let link else { throw endingError }
            var row: UnsafeMutablePointer<CChar>?
            let length = PQgetCopyData(link.pointer, &row, 1)
            if length > 0 {
                chunk.append(contentsOf: UnsafeRawBufferPointer(start: row, count: Int(length)))
                PQfreemem(row)
                if chunk.count >= Self.chunkSize { return chunk }
            } else if length == 0 {
                if !chunk.isEmpty { return chunk }
                guard PQstatus(link.pointer) == CONNECTION_OK else { throw gone(link) }
                await nextEvent(after: seen)
                if Task.isCancelled { throw .cancelled() }
            } else {
                // The end, or an error: either way the result that follows tells.
                return chunk.isEmpty ? nil : chunk
            }
        }
    }

    private func endCopyOut() async throws(PostgresError) -> Int { try await endCopy(mayCommit: false) }

    private func abortCopyOut() async {
        cancel(nil)
        do throws(PostgresError) {
            while link != nil, try await discardChunk() {}
        } catch {
            lose(error)
        }
        _ = try? await endCopy(mayCommit: false)
    }

    /// False at the end. Unlike ``nextChunk()`` it goes on when the task has been cancelled.
    private func discardChunk() async throws(PostgresError) -> Bool {
        let seen = events
        guard let link else { throw endingError }
        var row: UnsafeMutablePointer<CChar>?
        let length = PQgetCopyData(link.pointer, &row, 1)
        PQfreemem(row)
        if length < 0 { return false }
        if length == 0 {
            guard PQstatus(link.pointer) == CONNECTION_OK else { throw gone(link) }
            await nextEvent(after: seen)
        }
        return true
    }
}
