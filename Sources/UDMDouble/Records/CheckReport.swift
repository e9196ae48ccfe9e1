// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import JSON

extension UDMDouble {
    /// What the double saw its clients do, and whether that is sound.
    package struct CheckReport: Sendable, Equatable {
        /// Two writes of one object that were in progress at the same time, by their sequence.
        package struct Overlap: Sendable, Equatable {
            package var object: String
            package var first: Int
            package var second: Int
            var secondStarted: Int64
        }

        package var requests = 0
        package var inProgress = 0
        package var mostInProgress = 0
        /// Requests that changed something.
        package var commits = 0
        /// By method and status, such as `POST 201`; `none` for connections that were closed without an answer.
        package var answers: [String: Int] = [:]
        /// The first of the overlaps.
        package var overlaps: [Overlap] = []
        package var overlapCount = 0
        /// Overlaps with a request whose client had gone away (killed, or out of patience) while it was carried out.
        package var overlapsAfterDisconnect = 0
        /// Objects by module.
        package var objects: [String: Int] = [:]
        /// Identifiers that more than one object has now.
        package var duplicateIdentifiers: [String] = []
        /// Identifiers that were created more than once, with the number of times.
        package var recreatedIdentifiers: [String: Int] = [:]

        /// No two writes of one object at a time, and no identifier twice.
        package var isSound: Bool { overlapCount == 0 && duplicateIdentifiers.isEmpty }

        package var json: JSONValue {
            func count(_ value: Int) -> JSONValue { .number(JSONNumber(Int64(value))) }
            func counts(_ values: [String: Int]) -> JSONValue {
                .object(JSONObject(uniqueMembers: values.sorted { $0.key < $1.key }.map { ($0.key, count($0.value)) }))
            }
            let overlaps = overlaps.map { overlap -> JSONValue in
                ["object": .string(overlap.object), "first": count(overlap.first), "second": count(overlap.second)]
            }
            return [
                "sound": .bool(isSound), "requests": count(requests), "inProgress": count(inProgress),
                "mostInProgress": count(mostInProgress), "commits": count(commits), "answers": counts(answers),
                "overlaps": .array(overlaps), "overlapCount": count(overlapCount),
                "overlapsAfterDisconnect": count(overlapsAfterDisconnect), "objects": counts(objects),
                "duplicateIdentifiers": .strings(duplicateIdentifiers),
                "recreatedIdentifiers": counts(recreatedIdentifiers),
            ]
        }
    }
}

/// Outside of this module only the full name is seen.
typealias CheckReport = UDMDouble.CheckReport
