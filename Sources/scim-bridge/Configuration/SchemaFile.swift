// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Foundation
import UDM

/// The file of `SCHEMA_FILE`.
enum SchemaFile {
    /// - Throws: what Foundation says of a file that cannot be read.
    static func read(_ path: String) throws -> [UInt8] {
        let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        defer { try? file.close() }  // it was read only
        // One byte more than is allowed shows that there is too much; a device could be read without an end.
        return Array(try file.read(upToCount: ConfiguredSchema.maximumBytes + 1) ?? Data())
    }

    /// - Throws: ``ConfigurationProblems`` with everything that is wrong with it.
    static func schema(at path: String) throws -> ConfiguredSchema {
        do {
            return try ConfiguredSchema(file: try read(path))
        } catch {
            throw ConfigurationProblems(problems: problems(error, at: path))
        }
    }

    /// One line for each problem.
    static func problems(_ error: any Error, at path: String) -> [String] {
        guard let error = error as? ConfiguredSchemaError else {
            return ["SCHEMA_FILE: the file \(path) cannot be read (\(error.localizedDescription))"]
        }
        return error.problems.map { "SCHEMA_FILE \(path): \($0)" }
    }
}
