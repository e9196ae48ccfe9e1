// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import SCIM
package import Storage
package import UDM

/// Compares one resource with its object in UDM, as both are now. Passwords cannot be compared.
package struct ResourceVerification: Sendable {
    private let database: Database
    private let client: UDMClient
    private let mapping: UDMMapping

    package init(database: Database, client: UDMClient, mapping: UDMMapping) {
        self.database = database
        self.client = client
        self.mapping = mapping
    }

    /// - Throws: ``UDMError`` when UDM does not answer.
    package func verify(_ subject: ResourceSubject) async throws -> VerificationReport {
        let facts = try await database.operators.verification.facts(
            tenant: subject.tenant, subject.type, subject.id, externalIDClient: mapping.externalID?.client)
        let object = try await object(of: subject, at: facts.object?.dn)
        guard let resource = facts.resource, let object else {
            let finding: VerificationReport.Finding =
                switch (facts.resource == nil, object == nil) {
                case (true, true): .absent
                case (true, false): .missingInSCIM
                case (false, _): .missingInUDM
                }
            return VerificationReport(
                finding: finding, revision: facts.resource?.revision, dn: object?.dn, knownDN: facts.object?.dn,
                openJobs: facts.openJobs, differences: [], members: VerificationReport.Members())
        }
        let differences = differences(subject.type, resource, facts, object)
        let members = subject.type == .user ? VerificationReport.Members() : try await members(facts, object)
        let isSame = differences.isEmpty && members == VerificationReport.Members()
        return VerificationReport(
            finding: isSame ? .same : .different, revision: resource.revision, dn: object.dn,
            knownDN: facts.object?.dn, openJobs: facts.openJobs, differences: differences, members: members)
    }

    /// What a repair has to know.
    package static func repair(of report: VerificationReport) -> RepairFindings {
        RepairFindings(isMissing: report.finding == .missingInUDM, lackingMembers: report.members.lacking)
    }

    // MARK: UDM

    /// Where it is believed to be, or else wherever its identifier is.
    private func object(of subject: ResourceSubject, at dn: String?) async throws -> UDMObject? {
        let module = UDMModule(subject.type)
        let requestID = LowercaseUUID.random().description
        if let dn {
            do throws(UDMError) {
                let object = try await client.get(module, dn: dn, requestID: requestID)
                if object.isOf(subject.id) { return object }
            } catch {
                guard error.class == .notFound else { throw error }
            }
        }
        let hits = try await client.search(module, identifier: subject.id, requestID: requestID)
        return hits.first
    }

    // MARK: Comparing

    private func differences(
        _ type: ResourceType, _ resource: VerificationFacts.Resource, _ facts: VerificationFacts, _ object: UDMObject
    ) -> [VerificationReport.Difference] {
        var expected = mapping.properties(of: resource.attributes, type: type)
        for (property, value) in mapping.properties(ofExternalID: resource.externalID, type: type) {
            expected[property] = value
        }
        let synced = facts.object.flatMap { try? JSONValue(parsing: $0.properties, limits: .ownText).objectValue }
        var differences: [VerificationReport.Difference] = []
        // One by one: some are sent along with others although they are the same.
        for (property, value) in expected {
            let state: JSONObject = [property: value]
            guard !mapping.difference(from: object.properties, to: state).isEmpty else { continue }
            let attribute = mapping.attribute(of: property, type: type)
            let isPushed = synced.map { mapping.difference(from: $0, to: state).isEmpty } ?? false
            let cause: VerificationReport.Difference.Cause =
                if let attribute, facts.parked.contains(where: { Self.names($0, attribute) }) {
                    .parked
                } else if facts.openJobs > 0 {
                    .pending
                } else {
                    isPushed ? .changedInUDM : .notPushed
                }
            differences.append(
                VerificationReport.Difference(
                    property: property, attribute: attribute.map { "\($0)" }, expected: value,
                    found: object.properties[property] ?? .null, synced: synced?[property], cause: cause))
        }
        return differences.sorted { $0.property < $1.property }
    }

    /// Whether a parked attribute is one that carries `path`, or a part of it.
    private static func names(_ parked: String, _ path: MappedPath) -> Bool {
        let path = "\(path)"
        return path == parked || path.hasPrefix(parked + ".") || parked.hasPrefix(path + ".")
    }

    /// A member that seems to be lacking may only have another DN than we know; so many are looked for.
    private static let searches = 50

    private func members(
        _ facts: VerificationFacts, _ object: UDMObject
    ) async throws -> VerificationReport.Members {
        let lists = [MemberDelta.usersProperty, MemberDelta.groupsProperty]
        let listed = lists.flatMap { object.properties[$0]?.arrayValue ?? [] }.compactMap(\.stringValue)
        let present = DN.normalizedSet(listed)
        var members = VerificationReport.Members()
        var wanted: Set<String> = []
        var searches = 0
        for member in facts.members {
            guard let dn = member.dn else {
                members.notInUDM.append(member.id)
                continue
            }
            var normalized = DN.normalized(dn)
            if !present.contains(normalized), searches < Self.searches {
                searches += 1
                let hits = try await client.search(
                    UDMModule(member.type), identifier: member.id, properties: [UDMObject.identifierProperty],
                    requestID: LowercaseUUID.random().description)
                if let hit = hits.first { normalized = DN.normalized(hit.dn) }
            }
            wanted.insert(normalized)
            if !present.contains(normalized) { members.lacking.append(member.id) }
        }
        members.additional = listed.filter { !wanted.contains(DN.normalized($0)) }
        return members
    }
}
