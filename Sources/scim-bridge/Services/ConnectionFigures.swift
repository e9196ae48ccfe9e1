// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

import Operations
import Postgres
import Queue
import Redis
import Storage

/// What the connections of a process have counted, read when it is scraped. Nothing here asks PostgreSQL or Redis.
struct ConnectionFigures: Sendable {
    let database: Database
    let redis: RedisClient
    let queue: WorkQueue

    func record(in registry: PrometheusRegistry) {
        recordPostgres(in: registry)
        recordRedis(in: registry)
        registry.setCounter("scim_queue_enqueued_total", to: Double(queue.enqueuedCount))
        registry.setCounter("scim_queue_enqueue_failures_total", to: Double(queue.enqueueFailures))
    }

    private func recordPostgres(in registry: PrometheusRegistry) {
        let statistics = database.statistics
        for (name, pool) in statistics.pools {
            let labels = [("pool", name)]
            registry.setGauge("scim_postgres_pool_limit", labels, to: Double(pool.limit))
            registry.setGauge("scim_postgres_pool_size", labels, to: Double(pool.size))
            registry.setGauge("scim_postgres_pool_in_use", labels, to: Double(pool.size - pool.idle))
            registry.setGauge("scim_postgres_pool_waiting", labels, to: Double(pool.waiting))
            registry.setCounter("scim_postgres_pool_waits_total", labels, to: Double(pool.waits))
            registry.setCounter("scim_postgres_pool_wait_seconds_total", labels, to: pool.waited.inSeconds)
            registry.setCounter("scim_postgres_pool_timeouts_total", labels, to: Double(pool.timeouts))
        }
        for (name, pipeline) in statistics.pipelines {
            let labels = [("pipeline", name)]
            registry.setGauge("scim_postgres_pipeline_connected", labels, to: pipeline.isConnected ? 1 : 0)
            registry.setGauge("scim_postgres_pipeline_waiting", labels, to: Double(pipeline.waiting))
            registry.setCounter("scim_postgres_pipeline_commands_total", labels, to: Double(pipeline.commands))
            registry.setCounter("scim_postgres_pipeline_repeats_total", labels, to: Double(pipeline.repeats))
            registry.setCounter("scim_postgres_pipeline_connects_total", labels, to: Double(pipeline.connects))
        }
    }

    private func recordRedis(in registry: PrometheusRegistry) {
        let statistics = redis.statistics
        registry.setGauge("scim_redis_connected", to: redis.isConnected ? 1 : 0)
        registry.setCounter("scim_redis_connects_total", to: Double(redis.connectCount))
        registry.setHistogram(
            "scim_redis_command_duration_seconds", bounds: RedisStatistics.bounds, counts: statistics.latencies,
            sum: statistics.seconds)
        for (kind, count) in zip(RedisStatistics.kinds, statistics.errors) {
            registry.setCounter("scim_redis_errors_total", [("kind", kind)], to: Double(count))
        }
    }
}
