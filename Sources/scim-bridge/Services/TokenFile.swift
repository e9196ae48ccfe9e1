// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import API
import Foundation
import SCIM

/// The file of static tokens: one line for each, only its SHA-256 and whom it stands for.
struct TokenFile {
    let path: String

    func read() throws -> StaticTokens {
        do {
            return try StaticTokens(parsing: try text())
        } catch let error as StaticTokenFileError {
            throw CommandFailure("\(path): \(error)", status: ExitStatus.configuration)
        }
    }

    /// Entries in the order of the file.
    func entries() throws -> [StaticToken] {
        // Read as a whole first, which names the line that is wrong.
        _ = try read()
        return try lines().filter(Self.isEntry).map { try StaticToken(line: $0) }
    }

    /// Makes a token and appends its entry; the file is made when it is missing.
    ///
    /// - Parameter subject: The `userName` of the user that the token belongs to; nil: it belongs to the client alone.
    /// - Returns: The token, which is stored nowhere.
    func create(client: String, tenant: String, scopes: [String], subject: String? = nil, lifetime: Duration?) throws
        -> String
    {
        var set: Scopes = []
        for name in scopes {
            guard let scope = Scopes(name: name) else {
                throw CommandFailure("\"\(name)\" is no scope; scopes are scim.read and scim.write")
            }
            set.formUnion(scope)
        }
        let expires = lifetime.map { Timestamp.now().advanced(by: $0) }
        let token: String
        let entry: StaticToken
        do {
            (token, entry) = try StaticToken.generate(
                for: Principal(client: client, tenant: tenant, scopes: set, subject: subject), expires: expires)
        } catch {
            throw CommandFailure("no token was made: \(error)")
        }
        let before = FileManager.default.fileExists(atPath: path) ? try lines() : []
        try write(before + [entry.line])
        return token
    }

    /// Removes all tokens of a client.
    /// - Returns: How many there were.
    func revoke(client: String) throws -> Int {
        _ = try read()
        let all = try lines()
        let kept = try all.filter { line in
            guard Self.isEntry(line) else { return true }
            return try StaticToken(line: line).principal.client != client
        }
        if kept.count < all.count { try write(kept) }
        return all.count - kept.count
    }

    private static func isEntry(_ line: String) -> Bool {
        guard let first = line.first(where: { !$0.isWhitespace }) else { return false }
        return first != "#"
    }

    private func text() throws -> String {
        do {
            return try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            throw CommandFailure("the token file \(path) cannot be read", status: ExitStatus.configuration)
        }
    }

    private func lines() throws -> [String] {
        try text().split(whereSeparator: \.isNewline).map(String.init)
    }

    /// Replaced as a whole, so that a reader never sees half of it.
    private func write(_ lines: [String]) throws {
        let temporary = path + ".new"
        let content = Data((lines.joined(separator: "\n") + "\n").utf8)
        guard
            FileManager.default.createFile(
                atPath: temporary, contents: content, attributes: [.posixPermissions: 0o600]),
            rename(temporary, path) == 0
        else { throw CommandFailure("the token file \(path) cannot be written") }
    }
}
