// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Events
import Foundation
import Postgres
import ProvisioningDouble
import SCIM
import Storage
import Testing

/// How many events a second the sender gets through to a receiver that answers at once: `TEST_EVENT_RATE=20000 swift test -c release --filter
/// EventRateTests`. The number is that of the events; with less than a release build the result says nothing.
@Suite(.serialized, .enabled(if: wantedEvents > 0)) struct EventRateTests {
    /// Events of a user with a dozen attributes, four for each resource.
    private func fill(_ outbox: Outbox) async throws {
        try await outbox.connection.run(
            """
            INSERT INTO event_outbox (id, "order", tenant, type, resource_id, revision, kind, operation, job_id, client,
                request_id, accepted_at, recorded_at, attempts, old_state, new_state, udm_dn)
            SELECT gen_random_uuid(), n, 'default', 'User', md5((n % \(max(wantedEvents / 4, 1)))::text)::uuid, n, 'change', 'modify',
                gen_random_uuid(), 'hr-sync', gen_random_uuid()::text, now(), now(), 1, s.state, s.state,
                'uid=user' || n || ',cn=users,dc=example,dc=org'
            FROM generate_series(1, \(wantedEvents)) n, LATERAL (
                SELECT jsonb_build_object('created', now(), 'modified', now(), 'externalId', 'hr-' || n, 'resource',
                    jsonb_build_object('userName', 'user' || n, 'displayName', 'User ' || n, 'active', true, 'title', 'Engineer',
                        'name', jsonb_build_object('givenName', 'Jo', 'familyName', 'Roe', 'formatted', 'Jo Roe'),
                        'emails', jsonb_build_array(jsonb_build_object('value', 'user' || n || '@example.org', 'type', 'mailbox')),
                        'phoneNumbers', jsonb_build_array(jsonb_build_object('value', '+49 30 123456', 'type', 'work')),
                        'urn:ietf:params:scim:schemas:extension:Univention:1.0:User', jsonb_build_object('description', 'intern')))
                    AS state) s;
            ANALYZE event_outbox; ANALYZE event_delivery
            """)
    }

    private func measure(_ name: String, _ outbox: Outbox, _ configuration: EventSenderConfiguration) async throws {
        try await fill(outbox)
        let start = ContinuousClock.now
        let before = Self.processorSeconds
        try await outbox.sending(configuration) { _ in
            while try await outbox.count() > 0 { try await Task.sleep(for: .milliseconds(20)) }
        }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let processor = (Self.processorSeconds - before) / Double(wantedEvents) * 1e6
        print(
            "\(name): \(wantedEvents) events, \(Int(Double(wantedEvents) / seconds))/s, \(Int(processor)) µs of this process's time each, "
                + "the receiver's included")
    }

    private static var processorSeconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    @Test("a webhook receiver that answers at once")
    func webhook() async throws {
        try await HTTPReceiver.run { receiver in
            try await withOutbox { outbox in
                let configuration = EventSenderConfiguration(
                    webhook: WebhookConfiguration(
                        url: receiver.url, secrets: [Row.webhookSecret].compactMap(\.self)))
                try await measure("webhook", outbox, configuration)
                #expect(receiver.requests.count == wantedEvents)
            }
        }
    }

    @Test("the double of the Provisioning service")
    func provisioning() async throws {
        try await withProvisioningDouble { double in
            try await withOutbox { outbox in
                try await measure("provisioning", outbox, Row.configuration(url: double.baseURL))
                #expect(double.check.isOrdered && double.check.duplicates.isEmpty)
            }
        }
    }
}

private let wantedEvents = ProcessInfo.processInfo.environment["TEST_EVENT_RATE"].flatMap { Int($0) } ?? 0
