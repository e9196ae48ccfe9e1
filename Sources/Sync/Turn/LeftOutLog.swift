// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import Logging
internal import Metrics
internal import SCIM
internal import Synchronization

/// Says which attributes have values that UDM has no place for: each once in the life of a process, with the resource that
/// had it first. Every further one is worth a line at the level `debug` only. All are counted (requirement R-44j).
final class LeftOutLog: Sendable {
    /// Types are the clients' own words, so their number has to be bounded.
    private static let mostNotes = 1000

    private let noted = Mutex<Set<String>>([])
    private let users = LeftOutLog.counter(.user)
    private let groups = LeftOutLog.counter(.group)

    private static func counter(_ type: ResourceType) -> Counter {
        Counter(
            label: "mapping_errors_total", dimensions: [("direction", "scim_to_udm"), ("resource", type.rawValue)])
    }

    /// - Parameter paths: See `UDMMapping.state(of:type:)`.
    func note(_ paths: [String], type: ResourceType, id: ResourceID, logger: Logger) {
        guard !paths.isEmpty else { return }
        switch type {
        case .user: users.increment(by: paths.count)
        case .group: groups.increment(by: paths.count)
        }
        for path in paths {
            let path = String(path.prefix(200))
            let isNew = noted.withLock { noted in
                noted.count < Self.mostNotes && noted.insert("\(type.rawValue) \(path)").inserted
            }
            logger.log(
                level: isNew ? .notice : .debug,
                "Values of an attribute stay in SCIM: UDM has no place for them",
                metadata: ["attribute": "\(path)", "type": "\(type.rawValue)", "resource": "\(id)"])
        }
    }
}
