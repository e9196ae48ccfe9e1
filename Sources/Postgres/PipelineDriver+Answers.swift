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
                if case .prepare(let entry, _, _) = expectation { flight?.entries[entry].isAborted = true }
                if case .command(let entry, _) = expectation { flight?.entries[entry].isAborted = true }
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
        case .command(let entry, _):
            flight?.advance()
            answerRead(entry)
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
        case .command(let entry, _): flight?.entries[entry].results.append(PostgresResult(result))
        case .sync: break
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
        case .prepare(let entry, _, _):
            flight?.entries[entry].error = failure.error
        case .command(let entry, let statement):
            flight?.entries[entry].error = failure.error
            if failure.isStaleStatement {
                link.forget(statement)
                flight?.entries[entry].isStale = true
            }
        case .sync(let group):
            flight?.groups[group].syncError = failure.error
        }
        return true
    }

    /// A read needs no commit: its result, or its own error, is final when it is complete.
    private func answerRead(_ number: Int) {
        guard mode == .reads, let entry = flight?.entries[number], !entry.queued.request.isTransaction else { return }
        if entry.hasAllResults {
            answer(number, .success(entry.results))
        } else if let error = entry.error, !(entry.isStale && !entry.queued.isSecondTry) {
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
