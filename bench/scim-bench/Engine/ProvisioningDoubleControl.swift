// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON

/// Reads the evidence of the Provisioning double.
struct ProvisioningDoubleControl: Sendable {
    private let client: SCIMClient

    init(_ url: String) throws {
        let target = try Target(url, allowingRemote: false)
        client = SCIMClient(
            target: try Target("\(target.origin)/-/double", allowingRemote: false), token: nil)
    }

    func shutDown() async throws { try await client.shutDown() }

    /// How many messages it took, and whether none was there twice or before an earlier one of its resource.
    func evidence() async throws -> (arrived: Int, isSound: Bool) {
        let check = try await client.get("/check")
        return (
            Int(check["messages"]?.integerValue ?? 0),
            check["isOrdered"]?.boolValue == true && check["duplicates"]?.arrayValue?.isEmpty == true
        )
    }

    /// A message by its number, counted from 1: when it arrived, in microseconds since 1970, and what it was.
    func message(_ number: Int) async throws -> (arrived: Int64, body: [UInt8]) {
        let page = try await client.get("/messages", [("after", "\(number - 1)"), ("limit", "1")])
        guard let message = page["messages"]?[0], let arrived = message["arrivedMicroseconds"]?.integerValue,
            let body = message["message"]
        else { throw BenchFailure("the Provisioning double does not tell of message \(number)") }
        return (arrived, body.serialize())
    }
}
