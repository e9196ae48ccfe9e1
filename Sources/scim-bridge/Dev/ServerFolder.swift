// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Where an embedded server keeps its data, reachable by the account it runs under.
///
/// That is `<folder>/<name>`, or `/var/tmp/scim-bridge-XXXXXX/<name>` when root runs `dev` and the server's account cannot get there (a
/// checkout below /root, for example). The random folder is ours alone, is written down in `state.json`, and is checked before every use:
/// anybody can make entries in /var/tmp.
enum ServerFolder {
    /// - Parameter user: The server's account; nil when it is our own.
    static func make(_ name: String, in folder: DevFolder, for user: UnprivilegedUser?) throws -> String {
        let wanted = folder.path + "/" + name
        guard let user else {
            try FileManager.default.createDirectory(atPath: wanted, withIntermediateDirectories: true)
            return wanted
        }
        let base = try base(in: folder, for: user)
        let path = base + "/" + name
        if base != folder.path { try link(wanted, to: path) }
        if mkdir(path, 0o700) != 0, errno != EEXIST {
            throw CommandFailure("\(path) cannot be made: \(reason())")
        }
        try give(path, to: user)
        return path
    }

    /// Removes a server's data, and the link to them.
    static func remove(_ name: String, in folder: DevFolder) throws {
        let wanted = folder.path + "/" + name
        if kind(of: wanted) == S_IFLNK { unlink(wanted) }
        try removeTree(wanted)
        if let outside = folder.state().outsideFolder, (try? isOurs(outside)) == true {
            try removeTree(outside + "/" + name)
        }
    }

    /// Removes the folder outside, if there is one and it is ours, and forgets it.
    static func removeOutsideFolder(of folder: DevFolder) throws {
        guard let outside = folder.state().outsideFolder else { return }
        if (try? isOurs(outside)) == true { try removeTree(outside) }
        try folder.changeState { $0.outsideFolder = nil }
    }

    /// Writes a file of which only the server's account and root know the content. Never through a link: the folder is the account's.
    static func write(_ content: String, to file: String, for user: UnprivilegedUser?) throws {
        unlink(file)
        let descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw CommandFailure("\(file) cannot be written: \(reason())") }
        defer { close(descriptor) }
        guard StandardStream(descriptor: descriptor).write(content) else {
            throw CommandFailure("\(file) cannot be written: \(reason())")
        }
        if let user, fchown(descriptor, user.userID, user.groupID) != 0 {
            throw CommandFailure("\(file) cannot be given to \(user.name): \(reason())")
        }
    }

    // MARK: The folder outside

    /// The folder itself or the one outside; what a former run has chosen stays.
    private static func base(in folder: DevFolder, for user: UnprivilegedUser) throws -> String {
        if let outside = folder.state().outsideFolder, try isOurs(outside) { return outside }
        if isReachable(folder.path, for: user) { return folder.path }
        guard let template = strdup("/var/tmp/scim-bridge-XXXXXX") else { throw CommandFailure("no memory") }
        defer { free(template) }
        guard mkdtemp(template) != nil else { throw CommandFailure("no folder can be made in /var/tmp: \(reason())") }
        let outside = String(cString: template)
        // Others may pass to what is theirs, whatever the umask, but not look around.
        guard chmod(outside, 0o711) == 0 else { throw CommandFailure("\(outside) cannot be opened: \(reason())") }
        try folder.changeState { $0.outsideFolder = outside }
        return outside
    }

    /// - Returns: Whether it is there.
    /// - Throws: When it is something that we have not made.
    private static func isOurs(_ outside: String) throws -> Bool {
        var status = stat()
        guard lstat(outside, &status) == 0 else { return false }
        guard status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid(), status.st_mode & 0o022 == 0 else {
            throw CommandFailure(
                "\(outside), which state.json names, is not a folder of ours and is left alone. Begin anew with --fresh"
            )
        }
        return true
    }

    /// So that whoever looks into the folder finds the data. A real folder with data in it is never replaced.
    private static func link(_ wanted: String, to path: String) throws {
        switch kind(of: wanted) {
        case S_IFLNK: unlink(wanted)
        case S_IFDIR where rmdir(wanted) == 0: break
        case nil: break
        default:
            throw CommandFailure(
                """
                the data in \(wanted) can no longer be reached by the account of their server: a folder on the way is closed to it. \
                Open it (chmod o+x), or begin anew with --fresh
                """)
        }
        guard symlink(path, wanted) == 0 else { throw CommandFailure("\(wanted) cannot be made: \(reason())") }
    }

    /// Ownership and mode are changed on what was opened and looked at, so that nobody can put a link in its place meanwhile.
    private static func give(_ path: String, to user: UnprivilegedUser) throws {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { throw CommandFailure("\(path) is not a folder: \(reason())") }
        defer { close(descriptor) }
        guard fchown(descriptor, user.userID, user.groupID) == 0, fchmod(descriptor, 0o700) == 0 else {
            throw CommandFailure("\(path) cannot be given to \(user.name): \(reason())")
        }
    }

    /// Whether every folder on the way lets the account pass.
    private static func isReachable(_ path: String, for user: UnprivilegedUser) -> Bool {
        var url = URL(fileURLWithPath: path)
        while true {
            var status = stat()
            guard stat(url.path, &status) == 0 else { return false }
            let mode = status.st_mode
            let passes =
                status.st_uid == user.userID
                ? mode & 0o100 != 0 : status.st_gid == user.groupID ? mode & 0o010 != 0 : mode & 0o001 != 0
            if !passes { return false }
            if url.path == "/" { return true }
            url.deleteLastPathComponent()
        }
    }

    // MARK: Files

    private static func kind(of path: String) -> mode_t? {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
    }

    private static func removeTree(_ path: String) throws {
        if kind(of: path) != nil { try FileManager.default.removeItem(atPath: path) }
    }

    private static func reason() -> String { String(cString: strerror(errno)) }
}
