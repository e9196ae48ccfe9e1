// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import JSON
internal import Synchronization

/// The commits and the requests on disk: `changes.jsonl` and `requests.jsonl`.
///
/// Whoever finds nobody writing writes for all that came meanwhile: one `write` a file for many requests. In each
/// round the changes go first, so a request whose line is on disk has seen only changes that are.
final class Journal: Sendable {
    private struct State {
        var changes: [UInt8] = []
        var requests: [UInt8] = []
        var isWriting = false
        var waiting: [CheckedContinuation<Void, any Error>] = []
        var failure: JournalError?
    }

    private let state = Mutex(State())
    private let changes: LineFile
    private let requests: LineFile

    /// Opens or makes the directory and its files.
    init(directory: String) throws(JournalError) {
        if mkdir(directory, 0o700) != 0, errno != EEXIST {
            throw JournalError(path: directory, reason: "cannot be made: \(LineFile.reason(errno))")
        }
        changes = try LineFile(path: "\(directory)/changes.jsonl")
        requests = try LineFile(path: "\(directory)/requests.jsonl")
    }

    /// Reads everything back, oldest first.
    ///
    /// - Returns: how many bytes of unfinished lines were cut off.
    func replay(
        changes take: (JSONValue, Int) throws(JournalError) -> Void,
        requests takeRequest: (JSONValue, Int) throws(JournalError) -> Void
    ) throws(JournalError) -> Int {
        let cut = try read(changes, take)
        return cut + (try read(requests, takeRequest))
    }

    private func read(
        _ file: LineFile, _ body: (JSONValue, Int) throws(JournalError) -> Void
    ) throws(JournalError) -> Int {
        let limits = JSONLimits(maximumBytes: .max)
        return try file.readLines { (line, number) throws(JournalError) in
            let value: JSONValue
            do {
                value = try JSONValue(parsing: Array(line), limits: limits)
            } catch {
                throw JournalError(path: file.path, reason: "is damaged in line \(number): \(error)")
            }
            try body(value, number)
        }
    }

    /// Puts a line of `changes.jsonl` in front of the next request's.
    func append(change line: [UInt8]) {
        state.withLock { state in
            state.changes.append(contentsOf: line)
            state.changes.append(UInt8(ascii: "\n"))
        }
    }

    /// Returns when the line and all changes before it are with the kernel.
    func write(request line: [UInt8]) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            let isWriter = state.withLock { state in
                state.requests.append(contentsOf: line)
                state.requests.append(UInt8(ascii: "\n"))
                state.waiting.append(continuation)
                defer { state.isWriting = true }
                return !state.isWriting
            }
            if isWriter { writeAll() }
        }
    }

    /// Writes changes that no request stands for, such as the first objects, before any request comes.
    func flush() throws(JournalError) { try writeRound() }

    /// Nothing can be written any more, and another process may open the files.
    func close() {
        changes.close()
        requests.close()
    }

    private func writeAll() {
        let waiting: [CheckedContinuation<Void, any Error>] = state.withLock { state in
            defer { state.waiting = [] }
            return state.waiting
        }
        do {
            try writeRound()
            for continuation in waiting { continuation.resume() }
        } catch {
            for continuation in waiting { continuation.resume(throwing: error) }
        }
        let isDone = state.withLock { state in
            state.isWriting = !state.waiting.isEmpty
            return state.waiting.isEmpty
        }
        // A turn for the others first: they make the next round larger.
        if !isDone { Task { writeAll() } }
    }

    private func writeRound() throws(JournalError) {
        let (changeLines, requestLines) = try state.withLock { (state) throws(JournalError) in
            // After a failed write a line may be torn in the middle of the file: nothing may follow it.
            if let failure = state.failure { throw failure }
            defer {
                state.changes = []
                state.requests = []
            }
            return (state.changes, state.requests)
        }
        do {
            try changes.append(changeLines)
            try requests.append(requestLines)
        } catch {
            state.withLock { $0.failure = error }
            throw error
        }
    }
}
