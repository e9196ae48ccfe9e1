// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import SCIM

/// Where an embedded server keeps its data, reachable by the account it runs under.
enum ServerFolder {
    /// `<folder>/<name>`, or a folder below /var/tmp when the server's account cannot get there (a checkout below /root, for example).
    static func make(_ name: String, in folder: DevFolder, for user: UnprivilegedUser?) throws -> String {
        let wanted = folder.path + "/" + name
        let path: String
        if let user, !isReachable(folder.path, for: user) {
            path = "/var/tmp/scim-bridge-\(fingerprint(folder.path))/\(name)"
        } else {
            path = wanted
        }
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        if let user {
            try user.own(path)
            chmod(path, 0o700)
        }
        if path != wanted {
            // So that whoever looks into the folder finds the data, and --fresh removes it.
            try? FileManager.default.removeItem(atPath: wanted)
            try? FileManager.default.createSymbolicLink(atPath: wanted, withDestinationPath: path)
        }
        return path
    }

    static func remove(_ name: String, in folder: DevFolder) throws {
        let path = folder.path + "/" + name
        if let target = try? FileManager.default.destinationOfSymbolicLink(atPath: path) {
            try? FileManager.default.removeItem(atPath: target)
        }
        if FileManager.default.fileExists(atPath: path) { try FileManager.default.removeItem(atPath: path) }
    }

    /// Whether every folder on the way lets others pass.
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

    /// FNV-1a of the path: short, stable between runs.
    static func fingerprint(_ text: String) -> String {
        let hash = text.utf8.reduce(UInt64(0xCBF2_9CE4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        return String(hash, radix: 16)
    }
}
