// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

package import JSON

/// The switches and the evidence, for use in process.
extension UDMDouble {
    /// Sets a switch; returns its number for ``remove(_:)``.
    @discardableResult
    package func add(_ fault: Fault) -> Int { faultPlan.add(fault) }

    /// Returns whether there was such a switch.
    @discardableResult
    package func remove(_ fault: Int) -> Bool { faultPlan.remove(fault) }

    /// The switches that are set, with what is left of their counts.
    package var faults: [(id: Int, fault: Fault)] { faultPlan.all }

    /// Turns every switch off, goes back to the configured settings, lets hanging requests go and forgets the
    /// requests that are complete. The objects stay.
    package func reset() {
        faultPlan.removeAll()
        settings = configuration.settings
        hanging.releaseAll()
        recorder.reset()
    }

    /// The requests with a later sequence, in the order of their arrival.
    package func requests(after sequence: Int = 0, limit: Int = .max) -> [RecordedRequest] {
        recorder.requests(after: sequence, limit: limit)
    }

    /// What the requests so far say of the client, and what the directory holds.
    package func check() -> CheckReport {
        var report = recorder.report
        report.recreatedIdentifiers = contract.creations.filter { $0.value > 1 }
        (report.objects, report.duplicateIdentifiers) = contract.withDirectory { directory in
            var holders: [String: Int] = [:]
            for entry in directory.entries.values {
                if let identifier = entry.identifier { holders[identifier, default: 0] += 1 }
            }
            return (directory.counts, holders.filter { $0.value > 1 }.keys.sorted())
        }
        return report
    }

    /// An object as the directory has it.
    package struct StoredObject: Sendable, Equatable {
        package var dn: String
        package var module: String
        /// The entryUUID.
        package var uuid: String
        package var identifier: String?
        package var etag: String
        /// As a client reads them.
        package var properties: JSONObject
        /// Rises in the order of creation.
        package var ordinal: Int

        package var json: JSONValue {
            [
                "dn": .string(dn), "objectType": .string(module), "uuid": .string(uuid),
                "identifier": identifier.map(JSONValue.string) ?? .null, "etag": .string(etag),
                "properties": .object(properties), "ordinal": .number(JSONNumber(Int64(ordinal))),
            ]
        }
    }

    /// Which objects to return; everything that is set must fit.
    package struct ObjectSelection: Sendable {
        package var identifier: String?
        package var dn: String?
        package var module: String?
        /// Only objects that were created later.
        package var after: Int
        package var limit: Int
        /// Only these properties, nil for all.
        package var properties: Set<String>?

        package init(
            identifier: String? = nil, dn: String? = nil, module: String? = nil, after: Int = 0, limit: Int = .max,
            properties: Set<String>? = nil
        ) {
            self.identifier = identifier
            self.dn = dn
            self.module = module
            self.after = after
            self.limit = limit
            self.properties = properties
        }
    }

    /// In the order of creation.
    package func objects(_ selection: ObjectSelection = ObjectSelection()) -> [StoredObject] {
        contract.withDirectory { directory in
            var entries: [Entry] = Array(directory.entries.values)
            if let identifier = selection.identifier { entries = directory.identifiers[identifier].map { [$0] } ?? [] }
            if let dn = selection.dn {
                let key = DistinguishedName.key(of: dn)
                entries = entries.filter { $0.key == key }
            }
            if let module = selection.module { entries = entries.filter { $0.module.name == module } }
            return entries.filter { $0.ordinal > selection.after }.sorted { $0.ordinal < $1.ordinal }
                .prefix(selection.limit)
                .map { Self.stored($0, in: directory, properties: selection.properties) }
        }
    }

    private static func stored(_ entry: Entry, in directory: Directory, properties: Set<String>?) -> StoredObject {
        let document = ObjectDocument(directory: directory, links: Links(root: ""), properties: properties)
        return StoredObject(
            dn: entry.dn, module: entry.module.name, uuid: entry.uuid, identifier: entry.identifier, etag: entry.etag,
            properties: document.properties(of: entry), ordinal: entry.ordinal)
    }
}
