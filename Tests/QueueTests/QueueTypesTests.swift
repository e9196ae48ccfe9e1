// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Queue
import Testing

@Suite struct QueueTypesTests {
    @Test(
        "A resource key is read as it is written",
        arguments: [
            "default/User/2819c223-7f76-453a-919d-413861904646", "a b:c/Group/x", "ümlaut/User/1",
        ])
    func keyRoundTrip(text: String) {
        #expect(ResourceKey(text)?.description == text)
    }

    @Test(
        "What is no resource key is refused",
        arguments: [
            "", "default", "default/User", "default/User/", "/User/1", "default//1", "default/User/1/2",
        ])
    func badKey(text: String) {
        #expect(ResourceKey(text) == nil)
    }

    @Test(
        "A pause scope is read as it is written",
        arguments: [
            PauseScope.all, .lane(.bulk), .lane(.interactive), .tenant("default"), .tenant("lane:bulk"), .tenant("all"),
        ])
    func scopeRoundTrip(scope: PauseScope) {
        #expect(PauseScope(scope.description) == scope)
    }

    @Test("What is no pause scope is refused", arguments: ["", "lane:", "lane:fast", "tenant:", "All", "User"])
    func badScope(text: String) {
        #expect(PauseScope(text) == nil)
    }

    @Test(
        "A queue's name keeps to its characters",
        arguments: [
            ("default", true), ("scim-1.eu_west", true), (String(repeating: "q", count: 64), true), ("", false),
            (String(repeating: "q", count: 65), false), ("a}b", false), ("a{b", false), ("a b", false), ("ü", false),
            ("a:b", false),
        ])
    func name(name: String, isValid: Bool) {
        #expect(WorkQueue.isValid(name: name) == isValid)
    }

    @Test("Every lane divides the shares without remainder, faster lanes get more")
    func weights() {
        #expect(Lane.interactive.weight > Lane.bulk.weight && Lane.bulk.weight > Lane.repair.weight)
        #expect(Lane.repair.weight >= 1)
    }
}
