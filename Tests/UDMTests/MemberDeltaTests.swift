// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import FuzzSupport
import JSON
import Testing
import UDM

@Suite struct MemberDeltaTests {
    @Test("members are added and removed by name, whatever their spelling, and unknown ones stay as they are")
    func merge() throws {
        let current = try object(
            """
            {"users": ["UID=A,DC=x", "uid=gone,dc=nowhere", "uid=b, dc=x"], "nestedGroup": ["cn=g,dc=x"],
             "hosts": ["cn=h,dc=x"]}
            """)
        let delta = MemberDelta(addedUsers: ["uid=a,dc=x", "uid=c,dc=x", "UID=C,dc=x"], removedUsers: ["uid=B,dc=x"])
        let body = delta.merged(into: current)
        #expect(body.keys == ["users"])
        #expect(body["users"] == ["UID=A,DC=x", "uid=gone,dc=nowhere", "UID=C,dc=x"])
    }

    @Test("a list that does not change is not sent")
    func unchanged() throws {
        let current = try object(#"{"users": ["uid=a,dc=x"], "nestedGroup": []}"#)
        let delta = MemberDelta(
            addedUsers: ["UID=a,dc=x"], removedUsers: ["uid=z,dc=x"], removedGroups: ["cn=g,dc=x"])
        #expect(!delta.isEmpty)
        #expect(delta.merged(into: current).isEmpty)
        #expect(MemberDelta().merged(into: current).isEmpty)
    }

    @Test("the last member can go, and groups have their own list")
    func both() throws {
        let current = try object(#"{"users": ["uid=a,dc=x"], "nestedGroup": ["cn=g,dc=x"]}"#)
        let body = MemberDelta(removedUsers: ["uid=a,dc=x"], addedGroups: ["cn=k,dc=x"]).merged(into: current)
        #expect(body == (["users": [], "nestedGroup": ["cn=g,dc=x", "cn=k,dc=x"]] as JSONObject))
    }

    @Test("a DN is removed from whichever list of ours shows it")
    func anyList() throws {
        let current = try object(
            """
            {"users": ["uid=a,dc=x", "cn=old,dc=x"], "nestedGroup": ["cn=g,dc=x"], "hosts": ["cn=h,dc=x", "cn=old,dc=x"]}
            """)
        let delta = MemberDelta(addedGroups: ["cn=new,dc=x"], removedGroups: ["CN=old, dc=x"])
        #expect(
            delta.merged(into: current)
                == (["users": ["uid=a,dc=x"], "nestedGroup": ["cn=g,dc=x", "cn=new,dc=x"]] as JSONObject))
    }

    @Test("removed and added at once means present")
    func removedAndAdded() {
        #expect(MemberDelta.merge(["uid=a,dc=x"], adding: ["uid=A,dc=x"], removing: ["uid=a,dc=x"]) == nil)
        #expect(MemberDelta.merge([], adding: ["uid=A,dc=x"], removing: ["uid=a,dc=x"]) == ["uid=A,dc=x"])
    }

    @Test("presence is told by name")
    func present() {
        #expect(MemberDelta.present(["uid=a,dc=x", "uid=b,dc=x"], in: ["UID=A, DC=X"]) == ["uid=a,dc=x"])
    }

    @Test(
        "after a merge the added are in, the removed are out, the others in their order",
        arguments: SeededGenerator.seeds(20))
    func property(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        func some() -> [String] {
            (0..<8).filter { _ in Bool.random(using: &generator) }.map { number in
                Bool.random(using: &generator) ? "uid=u\(number),dc=x" : "UID=U\(number), DC=X"
            }.shuffled(using: &generator)
        }
        let (current, added, removed) = (some(), some(), some())
        let merged = MemberDelta.merge(current, adding: added, removing: removed) ?? current
        let keys = DN.normalizedSet(merged)
        #expect(keys.count == merged.count, "seed \(seed)")
        #expect(keys.isSuperset(of: DN.normalizedSet(added)), "seed \(seed)")
        let unwanted = DN.normalizedSet(removed).subtracting(DN.normalizedSet(added))
        #expect(keys.isDisjoint(with: unwanted), "seed \(seed)")
        let kept = current.filter { !unwanted.contains(DN.normalized($0)) }
        #expect(Array(merged.prefix(kept.count)) == kept, "seed \(seed)")
    }
}
