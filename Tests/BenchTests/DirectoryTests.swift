// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import JSON
import Testing

@testable import scim_bench

@Suite struct DirectoryTests {
    private let users = DirectoryUsers(seed: 1)

    @Test("a seed gives the same users for ever: a directory that was loaded once can be asked for again")
    func fixed() {
        #expect(
            users.user(0)
                == DirectoryUser(
                    userName: "load-1-thomas.braun.0429495486", externalId: "7c879c09-4ad7-d656-41b0-7b349840e860",
                    givenName: "Thomas", familyName: "Braun", workAddress: "thomas.braun.0429495486@work-1.example",
                    homeAddress: "0429495486@home-1.example", department: "Department 7", employeeNumber: "0429495486"))
        #expect(users.user(999_999).userName == "load-1-karin.peters.7090001643")
    }

    @Test("no two users share a name, an external id or an address", arguments: [0, 1, UInt64.max])
    func distinct(seed: UInt64) {
        let users = DirectoryUsers(seed: seed)
        let all = (0..<20_000).map { users.user($0) } + [users.user(DirectoryUsers.largestCount - 1)]
        #expect(Set(all.map(\.userName)).count == all.count)
        #expect(Set(all.map(\.externalId)).count == all.count)
        #expect(Set(all.map(\.workAddress)).count == all.count)
        #expect(Set(all.map(\.homeAddress)).count == all.count)
        #expect(all.allSatisfy { $0.userName.hasPrefix(users.prefix) })
    }

    @Test("two seeds share no user")
    func seeds() {
        let other = DirectoryUsers(seed: 2)
        let names = Set((0..<1000).map { users.user($0).userName })
        #expect((0..<1000).allSatisfy { !names.contains(other.user($0).userName) })
        // "load-1-" must not count the users of the seed 37, which is "11".
        #expect(!DirectoryUsers(seed: 37).user(0).userName.hasPrefix(users.prefix))
    }

    @Test("names have characters that every directory takes, and do not come in order")
    func form() {
        let all = (0..<1000).map { users.user($0) }
        let allowed = Set("abcdefghijklmnopqrstuvwxyz0123456789-.")
        #expect(all.allSatisfy { user in user.userName.allSatisfy { allowed.contains($0) } })
        let digits = (0..<1000).map { users.digits(of: $0) }
        #expect(digits.allSatisfy { $0.count == DirectoryUsers.digitCount })
        let rising = zip(digits, digits.dropFirst()).count { $0 < $1 }
        #expect((1...999).contains(rising))
    }

    @Test("display names are shared by some, not by all")
    func displayNames() {
        let counts = Dictionary(grouping: (0..<40_000).map { users.user($0).displayName }, by: \.self).mapValues(
            \.count)
        #expect(counts.count > 3500)
        #expect(counts.values.allSatisfy { (1...60).contains($0) })
    }

    @Test("a user is sent with names, two addresses and a department")
    func resource() throws {
        let user = users.user(5)
        let resource = user.resource
        #expect(resource["userName"]?.stringValue == user.userName)
        #expect(resource["externalId"]?.stringValue == user.externalId)
        #expect(resource["name"]?["familyName"]?.stringValue == user.familyName)
        #expect(resource["displayName"]?.stringValue == "\(user.givenName) \(user.familyName)")
        #expect(resource["emails"]?[0]?["type"]?.stringValue == "work")
        #expect(resource["emails"]?[1]?["value"]?.stringValue == user.homeAddress)
        let enterprise = resource["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"]
        #expect(enterprise?["department"]?.stringValue == user.department)
        #expect((1...50).map { "Department \($0)" }.contains(user.department))
    }

    @Test("blocks cover all users once", arguments: [1, 999, 1000, 1001, 20_000])
    func blocks(count: Int) {
        let blocks = DirectoryLoader.blocks(of: count)
        #expect(blocks.flatMap { Array($0) } == Array(0..<count))
        #expect(blocks.allSatisfy { (1...BulkRequest.operations).contains($0.count) })
    }

    @Test("a group of a hundred thousand fits into 16 MiB")
    func group() throws {
        let id = "2819c223-7f76-453a-919d-413861904646"
        let members = [String](repeating: id, count: 100_000)
        let body = DirectoryGroups.resource("g", members: members).serialize()
        #expect(body.count < 16 << 20)
        let parsed = try JSONValue(parsing: body, limits: JSONLimits(maximumBytes: 16 << 20))
        #expect(parsed["members"]?.arrayValue?.count == 100_000)
        #expect(parsed["members"]?[99_999]?["value"]?.stringValue == id)
    }

    @Test("a bulk request is what RFC 7644 section 3.7 says")
    func bulk() throws {
        let body = BulkRequest.body([users.user(0), users.user(1)])
        let request = try JSONValue(parsing: body)
        #expect(request["schemas"]?[0]?.stringValue == "urn:ietf:params:scim:api:messages:2.0:BulkRequest")
        let operation = request["Operations"]?[1]
        #expect(operation?["method"]?.stringValue == "POST")
        #expect(operation?["path"]?.stringValue == "/Users")
        #expect(operation?["bulkId"]?.stringValue == "u1")
        #expect(operation?["data"] == users.user(1).resource)
    }

    @Test("a thousand users are a request of less than 8 MiB")
    func bulkSize() {
        #expect(BulkRequest.body((0..<BulkRequest.operations).map { users.user($0) }).count < 1 << 20)
    }

    @Test("created, present, postponed and refused users are told apart, in whichever form the status comes")
    func bulkOutcome() throws {
        let answer = try JSONValue(
            parsing: """
                {"Operations": [
                    {"status": "201"}, {"status": 201}, {"status": {"code": "201"}}, {"status": "409"},
                    {"status": "503"}, {"status": "429"}]}
                """)
        var outcome = BulkOutcome(answer, sent: 8)
        #expect(outcome.created == 3)
        #expect(outcome.present == 1)
        #expect(outcome.postponed == 4)
        #expect(outcome.refusal == nil)
        let refused = try JSONValue(
            parsing: """
                {"Operations": [{"status": "201"}, {"status": "400", "response": {"detail": "no such domain"}}, {}]}
                """)
        outcome = BulkOutcome(refused, sent: 3)
        #expect(outcome.created == 1)
        #expect(outcome.refusal == "status 400: no such domain")
        #expect(BulkOutcome(["Operations": []], sent: 5).postponed == 5)
        #expect(BulkOutcome(nil, sent: 1).postponed == 1)
    }
}
