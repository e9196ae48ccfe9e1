// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import SCIM
import Testing

@testable import API

@Suite struct RouteTests {
    private static let id = "2819c223-7f76-453a-919d-413861904646"

    @Test(
        "Every path of RFC 7644 table 2 has its route",
        arguments: [
            ("/Users", Route.collection(.user)),
            ("/Groups", .collection(.group)),
            ("/Users/\(id)", .resource(.user, ResourceID(id))),
            ("/Groups/\(id.uppercased())", .resource(.group, ResourceID(id))),
            ("/ServiceProviderConfig", .serviceProviderConfig),
            ("/Schemas", .schemas),
            (
                "/Schemas/urn:ietf:params:scim:schemas:core:2.0:User",
                .schema("urn:ietf:params:scim:schemas:core:2.0:User")
            ),
            ("/Schemas/urn%3Aietf%3aparams", .schema("urn:ietf:params")),
            ("/ResourceTypes", .resourceTypes),
            ("/ResourceTypes/User", .resourceType("User")),
            ("", .root),
            ("/", .root),
            ("/Bulk", .bulk),
            ("/Bulk/", .bulk),
            ("/.search", .search(nil)),
            ("/Users/.search", .search(.user)),
            ("/Groups/.search", .search(.group)),
            ("/Me", .me),
            ("/Transactions", .unknown),
            ("/Transactions/x", .transaction(nil)),
            // A client's base address may or may not end with a slash.
            ("/Users/", .collection(.user)),
            ("//Users", .collection(.user)),
            ("/Groups//\(id)/", .resource(.group, ResourceID(id))),
        ])
    func known(path: String, route: Route) {
        #expect(Route(path: Substring(path)) == route)
    }

    @Test(
        "An id that is no UUID is an id of nothing",
        arguments: ["x", "\(id)0", "%32819c223-7f76-453a-919d-413861904646", "..", "*"])
    func noUUID(id: String) {
        #expect(Route(path: "/Users/\(id)") == .resource(.user, nil))
    }

    @Test(
        "Everything else is unknown",
        arguments: [
            "/users", "/Userss", "/Users/\(id)/x", "/Schemas/%zz", "/Schemas/%ff", "/v2/Users", "/Bulk/1",
        ])
    func unknown(path: String) {
        #expect(Route(path: Substring(path)) == .unknown)
    }

    @Test(
        "A request target is split into path and query",
        arguments: [
            ("/scim/v2/Users", "/Users", ""),
            ("/scim/v2/Users?a=b?c", "/Users", "a=b?c"),
            ("/scim/v2/Users?", "/Users", ""),
            ("/scim/v2/?aadOptscim062020", "/", "aadOptscim062020"),
            ("/scim/v2", "", ""),
            ("http://host:8080/scim/v2/Users?x#y", "/Users", "x"),
            ("/scim/v2/Users#fragment?x", "/Users", ""),
            // What needs no encoding is the same address with it; everything else stays.
            ("/%73cim/v2/%55sers?%61=%62", "/Users", "%61=%62"),
            ("/scim/v2/%2Esearch%7e%2d%5F", "/.search~-_", ""),
            ("/scim/v2/Users/%32819c223%2D7f76", "/Users/2819c223-7f76", ""),
            ("/scim/v2/Users%2Fx%0d%0A%00%25%35%5", "/Users%2Fx%0d%0A%00%255%5", ""),
            ("/scim/v2/%2555sers%", "/%2555sers%", ""),
            ("/scim/v2/%5%35sers/%C3%BC", "/%55sers/%C3%BC", ""),
        ])
    func target(text: String, path: String, query: String) {
        let target = RequestTarget(text)
        #expect(target.path(below: "/scim/v2").map(String.init) == path)
        #expect(target.query == query)
    }

    @Test(
        "A path beside the prefix is not below it",
        arguments: ["/", "", "/scim/v1/Users", "/scim/v2x/Users", "scim/v2/Users", "*", "http://host"])
    func beside(text: String) {
        #expect(RequestTarget(text).path(below: "/scim/v2") == nil)
    }
}
