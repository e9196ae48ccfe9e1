// SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
// SPDX-License-Identifier: Apache-2.0

/// All settings of all roles, so that a misspelt one in a file is told and not ignored. `docs/operating/settings.md` describes them.
enum SettingName {
    static let all: Set<String> = secrets.union([
        "ALLOW_PLAINTEXT", "CLIENT_INTERACTIVE_RATE", "CONFIG_FILE", "DATABASE_CA_FILE", "DATABASE_URL",
        "EVENTS_EMIT_ON", "EVENTS_SINKS", "EVENTS_STREAM_MAX_LENGTH", "EVENTS_STREAM_NAME", "HISTORY_DAYS",
        "HTTP_ADDRESS", "OUTCOME_BATCH",
        "PASSWORD_LENGTH_MIN", "SCHEMA_FILE", "LEASE_SECONDS", "LOG_FORMAT", "LOG_LEVEL", "MAIL_DOMAINS",
        "MEMBERS_BY_USER_FROM",
        "OIDC_AUDIENCES", "OIDC_CLIENT_IDS",
        "OIDC_ISSUERS", "OIDC_JWKS_FILE", "ON_PERMANENT_REFUSAL", "OPS_ADDRESS", "PASSWORD_KEY_FILE",
        "PROVISIONING_CA_FILE", "PROVISIONING_PUBLISHER_NAME", "PROVISIONING_URL", "PROVISIONING_USERNAME",
        "PUBLIC_URL", "QUEUE_NAME", "REDIS_CA_FILE", "REDIS_CERTIFICATE_FILE", "REDIS_KEY_FILE", "REDIS_TIMEOUT",
        "REDIS_URL", "RETRY_MAX_AGE", "SCHEMA_FOLDER", "SCIM_CLIENT_GROUP", "STATIC_TOKENS_FILE", "TENANT_AGE_MAX",
        "TENANT_JOBS_HARD_MAX", "TENANT_JOBS_MAX",
        "TLS_CERTIFICATE_FILE", "TLS_KEY_FILE", "UDM_CA_FILE", "UDM_CONCURRENCY_MAX", "UDM_GROUP_POSITION",
        "UDM_REQUEST_LIMIT", "UDM_TIMEOUT", "UDM_URL", "UDM_USERNAME", "UDM_USERNAME_RULE", "UDM_USER_POSITION",
        "WEBHOOK_CA_FILE", "WEBHOOK_URL",
    ])

    /// Name a file with one secret in it. The same name without `_FILE` would be the secret itself, which is refused.
    static let secrets: Set<String> = [
        "DATABASE_PASSWORD_FILE", "OPS_TOKEN_FILE", "PROVISIONING_PASSWORD_FILE", "REDIS_PASSWORD_FILE",
        "UDM_PASSWORD_FILE", "WEBHOOK_SECRET_FILE",
    ]
}
