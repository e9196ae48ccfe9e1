// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

internal import JSON
internal import SCIM
internal import UDM

/// Who has the unique value that UDM did not give us.
extension Push {
    /// The objects, other than our own, that hold a name or a mail address of `wanted` which UDM has just refused.
    ///
    /// - Parameter refusal: Its class is ``UDMErrorClass/permanent``, and its reason a value that is taken.
    func holders(of wanted: JSONObject, refused refusal: UDMError) async throws -> [UDMObject] {
        var filters: [(UDMModule, String)] = []
        let reasons = Set(refusal.errors.map(\.refusal))
        // Users and groups share their names.
        if reasons.contains(.nameTaken), let name = wanted[module.nameProperty]?.stringValue {
            for module in UDMModule.allCases { filters.append((module, UDMFilter.equality(module.nameProperty, name))) }
        }
        if reasons.contains(.mailAddressTaken) {
            var addresses = Self.mailProperties.flatMap { property -> [String] in
                let value = wanted[property]
                return value?.arrayValue?.compactMap(\.stringValue) ?? [value?.stringValue].compactMap(\.self)
            }
            let message = refusal.reason.lowercased()
            let named = addresses.filter { message.contains($0.lowercased()) }
            if !named.isEmpty { addresses = named }
            for module in UDMModule.allCases where !addresses.isEmpty {
                filters.append((module, UDMFilter.anyEquality(Self.mailProperties, addresses)))
            }
        }
        var holders: [UDMObject] = []
        for (module, filter) in filters {
            holders += try await client.search(
                module, filter: filter, properties: [UDMObject.identifierProperty], requestID: requestID)
        }
        return holders.filter { !$0.isOf(resourceID) }
    }

    private static let mailProperties = ["mailPrimaryAddress", "mailAlternativeAddress", "mailAddress"]
}
