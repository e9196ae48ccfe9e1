// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import JSON
package import SCIM

extension UDMMapping {
    /// What UDM needs for a create besides the password, which can be a random one.
    package static func requiredProperties(_ type: ResourceType) -> [String] {
        switch type {
        case .user: [UDMModule.user.nameProperty, "lastname"]
        case .group: [UDMModule.group.nameProperty]
        }
    }

    /// The properties that UDM refused and without which the rest of the write may go through (DESIGN section 4, "Permanent refusal").
    ///
    /// - Parameters:
    ///   - sent: The properties that were sent, or may have been, with their values in the state that was to be reached. Without the password.
    ///   - sendsPassword: Whether the client's password was sent.
    ///   - sendsMembers: Whether members of a group were sent.
    ///   - isCreate: Whether UDM cannot do without ``requiredProperties(_:)``.
    /// - Returns: Nil when the refusal is about more than that: the object as a whole, a property that cannot be left out, or one that was not sent.
    ///   ``MemberDelta/usersProperty`` stands for all members.
    package func separable(
        _ error: UDMError, type: ResourceType, sent: JSONObject, sendsPassword: Bool = false,
        sendsMembers: Bool = false, isCreate: Bool
    ) -> Set<String>? {
        guard error.class == .permanent, !error.errors.isEmpty else { return nil }
        var refused: Set<String> = []
        var items: [(UDMFieldError, named: String)] = []
        for item in error.errors {
            let names = item.property.map { [$0] } ?? Self.properties(namedIn: item, sent: sent)
            guard !names.isEmpty else { return nil }
            items += names.map { (item, $0) }
        }
        for (item, named) in items {
            let attribute = attribute(of: named, type: type)
            if attribute == MappedPath("members") {
                guard sendsMembers else { return nil }
                refused.insert(MemberDelta.usersProperty)
            } else if named == "password", type == .user {
                guard sendsPassword else { return nil }
                refused.insert(named)
            } else {
                let property = Self.mailProperty(item, named: named, sent: sent)
                let isRequired = isCreate && Self.requiredProperties(type).contains(property)
                guard attribute != nil, !isRequired, sent[property] != nil else { return nil }
                refused.insert(property)
            }
        }
        return refused
    }

    /// The sent properties that the text of an error names, by their name or by a value.
    private static func properties(namedIn item: UDMFieldError, sent: JSONObject) -> [String] {
        guard item.concernsSomeProperty else { return [] }
        let words = Set(item.message.split { !$0.isLetter && !$0.isNumber && $0 != "-" }.map(String.init))
        let named = sent.filter { property, _ in words.contains(property) }.map(\.key)
        if !named.isEmpty { return named }
        // Whole: a name is part of many an address.
        let quotations = Set(
            item.message.lowercased().split { $0.isWhitespace || ",;:'\"()[]".contains($0) }
                .map { $0.hasSuffix(".") ? String($0.dropLast()) : String($0) })
        return sent.filter { _, value in
            let values = value.arrayValue?.compactMap(\.stringValue) ?? [value.stringValue].compactMap(\.self)
            return values.contains {
                $0.utf8.count >= shortestQuotation && quotations.contains($0.lowercased())
            }
        }.map(\.key)
    }

    /// In bytes: shorter values occur in sentences by chance.
    private static let shortestQuotation = 5

    /// UDM reports an address in use under the primary one, whichever property it was sent in.
    private static func mailProperty(_ error: UDMFieldError, named: String, sent: JSONObject) -> String {
        let (primary, aliases) = ("mailPrimaryAddress", "mailAlternativeAddress")
        guard named == primary, error.refusal == .mailAddressTaken, let list = sent[aliases]?.arrayValue else {
            return named
        }
        guard let address = sent[primary]?.stringValue else { return aliases }
        let message = error.message.lowercased()
        let namesAlias = list.contains { $0.stringValue.map { message.contains($0.lowercased()) } ?? false }
        return namesAlias && !message.contains(address.lowercased()) ? aliases : primary
    }
}
