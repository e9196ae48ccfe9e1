// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// One sentence for every metric of the bridge (requirement R-44, queue-patterns section 13). What is not here is not documented either: a test
/// compares these names with the sources and with `docs/operating/metrics.md`.
package enum MetricHelp {
    package static let texts: [String: String] = [
        "mapping_errors_total":
            "Values of a resource that UDM has no place for and that stay in SCIM, at each push; by direction and resource.",
        "process_cpu_seconds_total": "CPU time of this process, user and system.",
        "process_max_fds": "Most file descriptors that this process may open.",
        "process_open_fds": "Open file descriptors of this process.",
        "process_resident_memory_bytes": "Resident memory of this process.",
        "process_start_time_seconds": "Start of this process, seconds since 1970.",
        "process_virtual_memory_bytes": "Virtual memory of this process.",
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
        "scim_leader":
            "1 in the process that has the duty (sync: sweep, rebuild, counts; events: sending; upkeep: indexes), 0 in others.",
        "scim_log_lines_dropped_total": "Log lines that could not be written.",
        "scim_objects": "Resources in the SCIM database.",
        "scim_parked_attributes":
            "Attributes of resources whose value UDM refused for good and that are left out of pushes.",
        "scim_postgres_pipeline_commands_total": "Statements sent over a shared connection.",
        "scim_postgres_pipeline_connected":
            "1 while a shared connection is open; it is opened with its first use.",
        "scim_postgres_pipeline_connects_total":
            "Connections made for a shared connection; more than 1 means that PostgreSQL or the network was away.",
        "scim_postgres_pipeline_repeats_total": "Statements sent again because a neighbour in their batch failed.",
        "scim_postgres_pipeline_waiting": "Calls that wait to be sent over a shared connection.",
        "scim_postgres_pool_in_use": "Connections of a pool that are lent or being opened.",
        "scim_postgres_pool_limit": "Most connections of a pool.",
        "scim_postgres_pool_size": "Open connections of a pool.",
        "scim_postgres_pool_timeouts_total": "Calls that waited for a connection of a pool in vain.",
        "scim_postgres_pool_wait_seconds_total": "Time that calls have waited for a connection of a pool.",
        "scim_postgres_pool_waiting": "Calls that wait for a connection of a pool.",
        "scim_postgres_pool_waits_total": "Calls that had to wait for a connection of a pool.",
        "scim_queue_depth": "Resource keys in Redis by lane and state (ready, due, leased, dirty).",
        "scim_queue_difference":
            "Resources with open jobs in PostgreSQL minus resources in Redis; not near 0 for long means that one of them is wrong.",
        "scim_queue_drain_rate": "Jobs that end in a second, over half a minute.",
        "scim_queue_enqueue_failures_total":
            "Resources that did not reach Redis after their commit; the sweep finds them.",
        "scim_queue_enqueued_total": "Resources that were enqueued in Redis.",
        "scim_queue_forgotten_total": "Resources without open work that the sweep found in Redis.",
        "scim_queue_lease_length_seconds": "How long a lease lasts without renewal (LEASE_SECONDS).",
        "scim_queue_lease_overdue_seconds":
            "How long the lease that ended first is over without anybody having taken its resource back.",
        "scim_queue_leases_total": "Leases by result (leased, nothing, elsewhere, paused, lost, returned).",
        "scim_queue_odd_leases_total": "Leases alive in Redis that are over in PostgreSQL, at two looks.",
        "scim_queue_oldest_age_seconds": "Age of the oldest open job by lane.",
        "scim_queue_rebuilds_total": "Rebuilds of the queue in Redis from PostgreSQL.",
        "scim_queue_repaired_total":
            "Open jobs that the sweep found missing in Redis; more than 0 deserves a look.",
        "scim_queue_resources":
            "Resources with open work, by store: open jobs in PostgreSQL, all states in Redis.",
        "scim_queue_standby": "Confirmed leases of this process that wait for a place at UDM.",
        "scim_queue_wait_seconds": "From the moment a job was due to its lease.",
        "scim_redis_command_duration_seconds":
            "From the writing of a command to its reply; commands that wait in Redis on purpose apart.",
        "scim_redis_connected": "1 while Redis is connected.",
        "scim_redis_connects_total":
            "Connections made to Redis; more than 1 means that Redis or the network was away.",
        "scim_redis_errors_total": "Commands that failed, by kind; server: Redis answered with an error.",
        "scim_request_duration_seconds": "Duration of SCIM requests.",
        "scim_request_errors_total": "SCIM requests answered with 400 or more.",
        "scim_requests_total": "SCIM requests.",
        "scim_stale_outcomes_total": "Outcomes that came after their lease had ended and were not stored.",
        "scim_sync_attempts_total": "Attempts that UDM did not take, by operation and class of the error.",
        "scim_sync_duration_seconds": "Duration of one job's push to UDM, by operation and outcome.",
        "scim_sync_lag_seconds": "From the accepted write to its outcome.",
        "scim_sync_verifications_total": "Looks at UDM after calls of unknown outcome, by result.",
        "scim_tenant_open_jobs": "Open jobs by tenant.",
        "scim_udm_breaker_state": "0 closed, 1 half-open, 2 open: no leases are taken.",
        "scim_udm_concurrency_limit": "Resources that all processes together may push to UDM at once.",
        "scim_udm_inflight": "Calls to UDM of this process under way.",
        "scim_writes_accepted_total": "Writes committed and answered, by operation and resource.",
        "scim_writes_refused_total": "Writes answered with 429 because too much is open, by lane.",
        "scim_upkeep_duration_seconds":
            "Duration of the leader's care for indexes and statistics, by duty (pending_list, statistics).",
        "udm_request_duration_seconds": "Duration of requests to the UDM REST API.",
        "udm_request_errors_total": "Failed requests to the UDM REST API, by class.",
        "udm_requests_total": "Requests to the UDM REST API.",
    ]

    static func text(of name: String) -> String {
        texts[name] ?? "Figure of a library in use."
    }
}
