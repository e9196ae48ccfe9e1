// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// What is mounted where, as `/proc/self/mounts` tells it.
struct MountTable: Sendable {
    private let entries: [(folder: String, fileSystem: String)]

    static var current: MountTable? {
        (try? String(contentsOfFile: "/proc/self/mounts", encoding: .utf8)).map { MountTable($0) }
    }

    init(_ text: String) {
        entries = text.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count >= 3 else { return nil }
            return (String(fields[1]).replacingOccurrences(of: "\\040", with: " "), String(fields[2]))
        }
    }

    /// Of the deepest mount that holds `path`; of two at the same folder the later one covers the other.
    func fileSystem(of path: String) -> String? {
        var best: (length: Int, fileSystem: String)?
        for entry in entries {
            let folder = entry.folder == "/" ? "" : entry.folder
            guard path == entry.folder || path.hasPrefix(folder + "/") else { continue }
            if entry.folder.utf8.count >= best?.length ?? 0 { best = (entry.folder.utf8.count, entry.fileSystem) }
        }
        return best?.fileSystem
    }
}
