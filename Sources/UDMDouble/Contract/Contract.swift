// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import Synchronization

/// The server's contract over one directory: every request is carried out whole, under one lock.
final class Contract: Sendable {
    struct State {
        let directory: Directory
        /// By id: how often the address still answers "not yet", and where the object is.
        var moves: [String: (polls: Int, location: String)] = [:]
        /// How often each identifier was created.
        var creations: [String: Int] = [:]
        var commits = 0
    }

    let schema: Schema
    let base: DistinguishedName
    private let state: Mutex<State>
    private let journal: Journal?

    /// A new directory. ``restore(_:line:)`` or ``fill(at:)`` comes before the first request.
    init(schema: Schema, base: DistinguishedName, journal: Journal?) {
        self.schema = schema
        self.base = base
        self.journal = journal
        state = Mutex(State(directory: Directory(schema: schema, base: base)))
    }

    /// Applies a commit of an earlier run; returns the sequence of its request.
    func restore(_ commit: JSONValue, line: Int) throws(JournalError) -> Int {
        func damaged(_ reason: String) -> JournalError {
            JournalError(path: "changes.jsonl", reason: "does not fit in line \(line): \(reason)")
        }
        guard let time = commit["time"]?.integerValue, let list = commit["changes"]?.arrayValue else {
            throw damaged("no commit")
        }
        return try state.withLock { (state) throws(JournalError) in
            for json in list {
                guard let change = Change(json: json) else { throw damaged("no change: \(json)") }
                do throws(InconsistentChange) {
                    try state.directory.apply(change, at: time)
                } catch {
                    throw damaged(error.description)
                }
                state.count(change)
            }
            state.commits += 1
            return Int(commit["request"]?.integerValue ?? 0)
        }
    }

    /// Gives an empty directory its first objects.
    func fill(at time: Int64) throws(Refusal) {
        try state.withLock { (state) throws(Refusal) in
            if state.commits == 0 { try commit(state.directory.initialChanges(), to: &state, request: 0, at: time) }
        }
    }

    func answer(_ request: ContractRequest) -> Answer {
        state.withLock { state in
            do throws(Refusal) {
                return try self.answer(request, &state)
            } catch {
                var answer = Answer(error, address: request.address, contentType: request.representation.contentType)
                let entry = request.route.key.flatMap { state.directory.entry(named: $0) }
                answer.identifier = entry?.identifier
                answer.dn = entry?.dn
                return answer
            }
        }
    }

    /// Reads under the lock.
    func withDirectory<Result: Sendable>(_ body: (Directory) -> Result) -> Result {
        state.withLock { body($0.directory) }
    }

    var creations: [String: Int] { state.withLock { $0.creations } }

    /// Tells whether a mail domain, in lower case, is one of the directory's or of the settings'.
    func hosts(_ settings: Settings, _ directory: Directory) -> (String) -> Bool {
        { domain in settings.hosts(domain) || directory.mailDomains.contains(domain) }
    }

    private func answer(_ request: ContractRequest, _ state: inout State) throws(Refusal) -> Answer {
        if request.seesNothing {
            switch request.route {
            case .object, .lookup, .directoryBase: throw .notFound
            default: break
            }
        }
        switch (request.route, request.method) {
        case (.entryPoint, "GET"), (.entryPoint, "HEAD"): return entryPoint(request)
        case (.directoryBase, "GET"): return try redirect(to: base.key, request, state.directory)
        case (.lookup(let text), "GET"): return try lookup(text, request, state.directory)
        case (.progress(let id), "GET"): return try progress(id, request, &state)
        case (.collection(let module), "GET"), (.collection(let module), "HEAD"):
            return try search(module, request, state.directory)
        case (.collection(let module), "POST"): return try create(module, request, &state)
        case (.template(let module), "GET"): return try template(module, request, state.directory)
        case (.moves(let module), "POST"): return try move(module, request, &state)
        case (.defaultContainers(let module), "GET"): return defaultContainers(module, request)
        case (.properties(let module), "GET"): return properties(module, request)
        case (.object(let module, let name), "GET"), (.object(let module, let name), "HEAD"):
            return try read(module, name, request, state.directory)
        case (.object(let module, let name), "PUT"): return try put(module, name, request, &state)
        case (.object(let module, let name), "PATCH"): return try patch(module, name, request, &state)
        case (.object(let module, let name), "DELETE"): return try delete(module, name, request, &state)
        case (.unknown, _): throw .notFound
        case (.collection, _): throw .methodNotAllowed(["GET", "HEAD", "POST"])
        case (.object, _): throw .methodNotAllowed(["GET", "HEAD", "PUT", "PATCH", "DELETE"])
        case (.moves, _): throw .methodNotAllowed(["POST"])
        default: throw .methodNotAllowed(["GET"])
        }
    }

    /// Carries the changes out, all or (when there are none) nothing, and puts them into the journal.
    func commit(_ changes: [Change], to state: inout State, request: Int, at time: Int64) throws(Refusal) {
        guard !changes.isEmpty else { return }
        for change in changes {
            do throws(InconsistentChange) {
                try state.directory.apply(change, at: time)
            } catch {
                throw .internalError(exception: "AssertionError: \(error.description)")
            }
            state.count(change)
        }
        state.commits += 1
        guard let journal else { return }
        let line: JSONValue = [
            "commit": .number(JSONNumber(Int64(state.commits))), "time": .number(JSONNumber(time)),
            "request": .number(JSONNumber(Int64(request))), "changes": .array(changes.map(\.json)),
        ]
        journal.append(change: line.serialize())
    }
}

extension Contract.State {
    fileprivate mutating func count(_ change: Change) {
        guard case .create(let image) = change, let identifier = image.values["univentionObjectIdentifier"]?.stringValue
        else { return }
        creations[identifier, default: 0] += 1
    }
}
