// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// One sentence for every metric of the bridge (requirement R-44, queue-patterns section 13).
package enum MetricHelp {
    package static let texts: [String: String] = [
        "process_cpu_seconds_total": "CPU time of this process, user and system.",
        "process_open_fds": "Open file descriptors of this process.",
        "process_resident_memory_bytes": "Resident memory of this process.",
        "process_start_time_seconds": "Start of this process, seconds since 1970.",
        "scim_bridge_build_info": "Constant 1; the labels name the version.",
        "scim_dead_letters": "Jobs that failed for good and are kept as dead letters.",
        "scim_event_outbox_depth": "Events to send to the sink that lacks most.",
        "scim_event_outbox_oldest_age_seconds": "Age of the oldest unsent event over all sinks.",
        "scim_event_outbox_parked": "Events that sinks refused for good; more than 0 needs an operator.",
        "scim_event_sink_depth": "Events that the sink has not taken yet, parked ones apart.",
        "scim_event_sink_held": "1 while a sink refuses our account or address and gets nothing.",
        "scim_event_sink_oldest_age_seconds": "Age of the oldest event that the sink has not taken yet.",
        "scim_event_sink_parked": "Events that the sink refused for good; more than 0 needs an operator.",
        "scim_events_failed_total": "Attempts to send an event that failed, by sink and class.",
        "scim_events_sent_total": "Events that a sink accepted.",
        "scim_jobs_finished_total": "Jobs that reached a terminal state, by operation and state.",
        "scim_jobs_open": "Open jobs in PostgreSQL by lane.",
        "scim_log_lines_dropped_total": "Log lines that could not be written.",
        "scim_objects": "Resources in the SCIM database.",
        "scim_queue_depth": "Resource keys in Redis by lane and state (ready, due, leased, dirty).",
        "scim_queue_drain_rate": "Jobs that end in a second, over half a minute.",
        "scim_queue_forgotten_total": "Resources without open work that the sweep found in Redis.",
        "scim_queue_leases_total": "Leases by result (leased, nothing, elsewhere, lost).",
        "scim_queue_odd_leases_total": "Leases alive in Redis that are over in PostgreSQL, at two looks.",
        "scim_queue_oldest_age_seconds": "Age of the oldest open job by lane.",
        "scim_queue_rebuilds_total": "Rebuilds of the queue in Redis from PostgreSQL.",
        "scim_queue_repaired_total": "Open jobs that the sweep found missing in Redis; more than 0 deserves a look.",
        "scim_queue_wait_seconds": "From the moment a job was due to its lease.",
        "scim_request_duration_seconds": "Duration of SCIM requests.",
        "scim_request_errors_total": "SCIM requests answered with 400 or more.",
        "scim_requests_total": "SCIM requests.",
        "scim_stale_outcomes_total": "Outcomes that came after their lease had ended and were not stored.",
        "scim_sync_verifications_total": "Looks at UDM after calls of unknown outcome, by result.",
        "scim_sync_attempts_total": "Attempts that UDM did not take, by operation and class of the error.",
        "scim_sync_duration_seconds": "Duration of one job's push to UDM, by operation and outcome.",
        "scim_sync_lag_seconds": "From the accepted write to its outcome.",
        "scim_tenant_open_jobs": "Open jobs by tenant.",
        "scim_udm_breaker_state": "0 closed, 1 half-open, 2 open: no leases are taken.",
        "scim_udm_concurrency_limit": "Resources that all processes together may push to UDM at once.",
        "scim_udm_inflight": "Calls to UDM of this process under way.",
        "scim_writes_accepted_total": "Writes committed and answered, by operation and resource.",
        "scim_writes_refused_total": "Writes answered with 429 because too much is open, by lane.",
        "udm_request_duration_seconds": "Duration of requests to the UDM REST API.",
        "udm_request_errors_total": "Failed requests to the UDM REST API, by class.",
        "udm_requests_total": "Requests to the UDM REST API.",
    ]

    static func text(of name: String) -> String {
        texts[name] ?? "Figure of a library in use."
    }
}
