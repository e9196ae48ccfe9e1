// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Executors

extension RedisClient {
    /// Runs a script and waits for its reply.
    ///
    /// The source travels with the first call after a (re)start of Redis only.
    package func run(
        _ script: RedisScript, keys: [String], arguments: RedisArguments = []
    ) async throws(RedisError) -> RedisReply {
        try await withCheckedContinuation { continuation in
            submit(script, keys: keys, arguments: arguments) { continuation.resume(returning: $0) }
        }.get()
    }

    /// Runs a script without waiting; for `completion` see ``submit(_:completion:)``.
    package func submit(
        _ script: RedisScript, keys: [String], arguments: RedisArguments, completion: @escaping RedisCompletion
    ) {
        let tail = Self.tail(keys, arguments)
        guard let digest = scriptDigests.withLock({ $0[script.name] }) else {
            loadDigest(of: script)
            return evaluate(script, tail, completion)
        }
        submit(RedisCommand("EVALSHA", arguments: Self.joined(digest, tail))) { reply in
            // Redis was restarted, failed over, or its scripts were flushed. Nothing ran, so it is safe to repeat.
            if case .failure(let error) = reply, error.prefix == "NOSCRIPT" {
                self.evaluate(script, tail, completion)
            } else {
                completion(reply)
            }
        }
    }

    /// Runs the script by its source, which also makes Redis remember it.
    private func evaluate(_ script: RedisScript, _ tail: RedisArguments, _ completion: @escaping RedisCompletion) {
        submit(RedisCommand("EVAL", arguments: Self.joined(script.source, tail)), completion: completion)
    }

    /// Redis tells the digest, so that none is computed here. Without it (a failure) the next call sends the source again.
    private func loadDigest(of script: RedisScript) {
        submit(RedisCommand("SCRIPT", "LOAD", script.source)) { reply in
            guard case .success(let reply) = reply, let digest = reply.string else { return }
            self.scriptDigests.withLock { $0[script.name] = digest }
        }
    }

    private static func tail(_ keys: [String], _ arguments: RedisArguments) -> RedisArguments {
        var words = RedisArguments()
        words.append(keys.count)
        for key in keys { words.append(key) }
        words.append(contentsOf: arguments)
        return words
    }

    private static func joined(_ first: String, _ tail: RedisArguments) -> RedisArguments {
        var words: RedisArguments = [first]
        words.append(contentsOf: tail)
        return words
    }
}
