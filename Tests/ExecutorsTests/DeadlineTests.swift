// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Executors
import Testing

@Suite struct DeadlineTests {
    @Test("A value in time is returned, an error in time is passed on")
    func inTime() async throws {
        struct Failure: Error {}
        #expect(try await withDeadline(.seconds(60)) { 1 } == 1)
        await #expect(throws: Failure.self) { try await withDeadline(.seconds(60)) { throw Failure() } }
    }

    @Test("After the deadline the work is cancelled", .timeLimit(.minutes(1)))
    func late() async {
        await #expect(throws: DeadlineExceeded.self) {
            try await withDeadline(.milliseconds(10)) { try await Task.sleep(for: .seconds(3600)) }
        }
    }

    @Test("A value that is there when the time is over still counts", .timeLimit(.minutes(1)))
    func justInTime() async throws {
        let value = try await withDeadline(.milliseconds(10)) {
            try? await Task.sleep(for: .seconds(3600))
            return 2
        }
        #expect(value == 2)
    }
}
