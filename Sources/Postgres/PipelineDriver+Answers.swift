// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import CPostgres

/// From libpq's results, which come in the order of what was sent, to the callers' answers.
extension PipelineDriver {
    /// Takes every result that is complete. False: the connection has been given up meanwhile.
    func drain(_ link: PostgresLink) -> Bool {
        var emptyResults = 0
        while let expectation = flight?.next, PQisBusy(link.pointer) == 0 {
            guard let result = PQgetResult(link.pointer) else {
                guard endResults(of: expectation, &emptyResults) else { return false }
                continue
            }
            emptyResults = 0
            switch PQresultStatus(result) {
            case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY:
                succeeded(expectation, ResultHandle(adopting: result), link)
            case PGRES_PIPELINE_SYNC:
                PQclear(result)
                guard case .sync(let group) = expectation else { return outOfStep() }
                flight?.advance()
                finish(group)
            case PGRES_PIPELINE_ABORTED:
                PQclear(result)
                switch expectation {
                case .prepare(let entries, _, _), .command(let entries, _):
                    for entry in entries { flight?.entries[entry].isAborted = true }
                case .sync: break
                }
            case PGRES_FATAL_ERROR:
                let failure = ServerFailure(result)
                PQclear(result)
                guard failed(expectation, failure, link) else { return false }
            default:
                PQclear(result)
                lost(.connectionLost("COPY cannot be used in a pipeline"))
                return false
            }
        }
        if flight?.next == nil {
            flight = nil
            link.expectNothing()
        }
        return true
    }

    /// libpq ends the results of every command with NULL, and once more after an error at the sync.
    private func endResults(of expectation: PipelineFlight.Expectation, _ emptyResults: inout Int) -> Bool {
        switch expectation {
        case .prepare:
            flight?.advance()
        case .command(let entries, _):
            flight?.advance()
            for entry in entries { answerRead(entry, isShared: entries.count > 1) }
        case .sync:
            emptyResults += 1
            if emptyResults > 2 { return outOfStep() }
        }
        return true
    }

    private func outOfStep() -> Bool {
        lost(.connectionLost("libpq's results do not fit what was sent"))
        return false
    }

    private func succeeded(_ expectation: PipelineFlight.Expectation, _ result: ResultHandle, _ link: PostgresLink) {
        switch expectation {
        case .prepare(_, let statement, let name): link.didPrepare(statement, as: name)
        case .command(let entries, _) where entries.count == 1:
            flight?.entries[entries.lowerBound].results.append(PostgresResult(result))
        case .command(let entries, _): share(result, among: entries)
        case .sync: break
        }
    }

    /// The last column of a row tells for whom it is, counted from 1. Who finds nothing gets an empty result.
    private func share(_ result: ResultHandle, among entries: Range<Int>) {
        var rows = [Range<Int>](repeating: 0..<0, count: entries.count)
        do throws(PostgresError) {
            for index in 0..<result.rowCount {
                let row = PostgresRow(handle: result, index: Int32(index))
                let place = Int(try row.int(result.columnCount - 1)) - 1
                guard rows.indices.contains(place), rows[place].isEmpty else {
                    throw PostgresError(kind: .decoding, message: "a row is for nobody, or not the first for somebody")
                }
                rows[place] = index..<index + 1
            }
        } catch {
            for entry in entries { flight?.entries[entry].error = error }
            return
        }
        for (entry, rows) in zip(entries, rows) {
            flight?.entries[entry].results.append(PostgresResult(result, rows: rows))
        }
    }

    private func failed(
        _ expectation: PipelineFlight.Expectation, _ failure: ServerFailure, _ link: PostgresLink
    ) -> Bool {
        if failure.endsSession {
            // FATAL before the answer to a command: the server never came to the sync that would have committed, nor
            // to the groups behind it. Without SQLSTATE it was not the server that spoke, and nothing is known.
            var uncommitted = Int.max
            if failure.error.sqlState != nil, let flight {
                uncommitted = flight.currentGroup
                if case .sync = expectation { uncommitted += 1 }
            }
            lost(failure.error, provenUncommittedFrom: uncommitted)
            return false
        }
        switch expectation {
        case .prepare(let entries, _, _):
            for entry in entries { flight?.entries[entry].error = failure.error }
        case .command(let entries, let statement):
            for entry in entries { flight?.entries[entry].error = failure.error }
            if failure.isStaleStatement {
                link.forget(statement)
                // What is repeated because it shared a statement is another one, which may have gone stale as well.
                if entries.count == 1 { flight?.entries[entries.lowerBound].isStale = true }
            }
        case .sync(let group):
            flight?.groups[group].syncError = failure.error
        }
        return true
    }

    /// A read needs no commit: its result, or its own error, is final when it is complete. An error of several may be that of one: each is repeated alone.
    private func answerRead(_ number: Int, isShared: Bool) {
        guard mode == .reads, let entry = flight?.entries[number], !entry.queued.request.isTransaction else { return }
        if entry.hasAllResults {
            answer(number, .success(entry.results))
        } else if let error = entry.error, !isShared, !(entry.isStale && !entry.queued.isSecondTry) {
            answer(number, .failure(error))
        }
    }

    private func answer(_ number: Int, _ outcome: PipelineRequest.Outcome) {
        guard let entry = flight?.entries[number], !entry.isAnswered else { return }
        flight?.entries[number].isAnswered = true
        completions.append((entry.queued.request, outcome))
    }

    /// The sync of a group has been answered: it is committed, or all of it was rolled back.
    private func finish(_ number: Int) {
        guard let group = flight?.groups[number] else { return }
        flight?.groups[number].isDone = true
        let isCommitted =
            group.syncError == nil && flight?.entries[group.entries].allSatisfy(\.hasAllResults) == true
        for index in group.entries {
            guard let entry = flight?.entries[index], !entry.isAnswered else { continue }
            if isCommitted {
                answer(index, .success(entry.results))
            } else if entry.isStale, !entry.queued.isSecondTry {
                tryAgain(entry.queued, isSecondTry: true)
            } else if group.entries.count == 1 {
                let unexplained = PostgresError(kind: .decoding, message: "the server sent no result")
                answer(index, .failure(entry.error ?? group.syncError ?? unexplained))
            } else {
                // Rolled back because of a neighbour, or perhaps refused because of one: alone it fails for itself only.
                tryAgain(entry.queued, isSecondTry: entry.queued.isSecondTry)
            }
        }
    }

    private func tryAgain(_ queued: QueuedRequest, isSecondTry: Bool) {
        queued.request.markUnsent()
        repeats.append(QueuedRequest(request: queued.request, isAlone: true, isSecondTry: isSecondTry))
        inbox.count { $0.repeats += queued.request.commands.count }
    }
}
