{{/*
SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
SPDX-License-Identifier: Apache-2.0

What each role reads: settings as variables, secrets and authorities as files.
*/}}

{{/* The sinks of EVENTS_SINKS, as YAML. Argument: the root. */}}
{{- define "scim-bridge.sinks" -}}
{{- $sinks := .Values.settings.events.EVENTS_SINKS | default "provisioning" }}
{{- if not (kindIs "slice" $sinks) }}{{ $sinks = regexSplit "," (toString $sinks) -1 }}{{ end }}
{{- range $sinks }}
- {{ trim . | quote }}
{{- end }}
{{- end }}

{{/*
Files, authorities and settings of a role, as YAML. Argument: dict with root and role (api, worker, events, or migration).
A file is the variable that names it and its entry below `secrets`; `required` ones must have a Secret.
*/}}
{{- define "scim-bridge.role" -}}
{{- $root := .root }}
{{- $files := list (dict "variable" "DATABASE_PASSWORD_FILE" "secret" "databasePassword") }}
{{- $authorities := list "database" }}
{{- $settings := $root.Values.settings.common }}
{{- $hasSchemaFile := false }}
{{- if eq .role "migration" }}
{{- $settings = pick $settings "DATABASE_URL" "ALLOW_PLAINTEXT" "LOG_LEVEL" "LOG_FORMAT" }}
{{- else }}
{{- $files = concat $files (list
      (dict "variable" "REDIS_PASSWORD_FILE" "secret" "redisPassword")
      (dict "variable" "REDIS_CERTIFICATE_FILE" "secret" "redisCertificate")
      (dict "variable" "REDIS_KEY_FILE" "secret" "redisKey")
      (dict "variable" "OPS_TOKEN_FILE" "secret" "opsToken")) }}
{{- $authorities = append $authorities "redis" }}
{{- $settings = merge (deepCopy (index $root.Values.settings .role)) $settings }}
{{- end }}
{{- if has .role (list "api" "worker") }}
{{- $files = append $files (dict "variable" "PASSWORD_KEY_FILE" "secret" "passwordKey" "required" true) }}
{{- $hasSchemaFile = not (empty $root.Values.schemaFile) }}
{{- end }}
{{- if eq .role "api" }}
{{- $files = concat $files (list
      (dict "variable" "STATIC_TOKENS_FILE" "secret" "staticTokens" "required" true)
      (dict "variable" "TLS_CERTIFICATE_FILE" "secret" "tlsCertificate")
      (dict "variable" "TLS_KEY_FILE" "secret" "tlsKey")) }}
{{- else if eq .role "worker" }}
{{- /* A worker writes too, what undoes a refused write. */}}
{{- with $root.Values.settings.api.EVENTS_EMIT_ON }}{{ $settings = set $settings "EVENTS_EMIT_ON" . }}{{ end }}
{{- $files = append $files (dict "variable" "UDM_PASSWORD_FILE" "secret" "udmPassword" "required" true) }}
{{- $authorities = append $authorities "udm" }}
{{- else if eq .role "events" }}
{{- $sinks := include "scim-bridge.sinks" $root | fromYamlArray }}
{{- if has "provisioning" $sinks }}
{{- $files = append $files (dict "variable" "PROVISIONING_PASSWORD_FILE" "secret" "provisioningPassword" "required" true) }}
{{- $authorities = append $authorities "provisioning" }}
{{- else }}
{{- $settings = omit $settings "PROVISIONING_URL" "PROVISIONING_USERNAME" "PROVISIONING_PUBLISHER_NAME" }}
{{- end }}
{{- if has "webhook" $sinks }}
{{- $files = append $files (dict "variable" "WEBHOOK_SECRET_FILE" "secret" "webhookSecret" "required" true) }}
{{- $authorities = append $authorities "webhook" }}
{{- if not $settings.WEBHOOK_URL }}{{ fail "settings: WEBHOOK_URL has to be set, because EVENTS_SINKS names webhook" }}{{ end }}
{{- else if $settings.WEBHOOK_URL }}
{{- fail "settings: WEBHOOK_URL is set, but EVENTS_SINKS does not name webhook: no event would go there" }}
{{- end }}
{{- if not (has "redis-stream" $sinks) }}
{{- $settings = omit $settings "EVENTS_STREAM_NAME" "EVENTS_STREAM_MAX_LENGTH" }}
{{- end }}
{{- end }}
{{- range $pair := list (list "redisCertificate" "redisKey") (list "tlsCertificate" "tlsKey") }}
{{- $secrets := $root.Values.secrets }}
{{- if ne (empty (index $secrets (first $pair)).name) (empty (index $secrets (last $pair)).name) }}
{{- fail (printf "secrets: %s and %s go together: name both or none" (first $pair) (last $pair)) }}
{{- end }}
{{- end }}
{{- $mounted := list }}
{{- range $files }}
{{- $secret := index $root.Values.secrets .secret }}
{{- if $secret.name }}
{{- $mounted = append $mounted . }}
{{- else if .required }}
{{- fail (printf "secrets: %s needs the name of a Secret" .secret) }}
{{- end }}
{{- end }}
{{- $trusted := list }}
{{- range $authorities }}
{{- if (index $root.Values.authorities .).configMap }}{{ $trusted = append $trusted . }}{{ end }}
{{- end }}
{{- toYaml (dict "files" $mounted "authorities" $trusted "settings" $settings "hasSchemaFile" $hasSchemaFile) }}
{{- end }}

{{/* A setting as the program reads it. Numbers of values files are floating point, which would print as 1e+06. */}}
{{- define "scim-bridge.text" -}}
{{- if kindIs "slice" . -}}
{{ join "," . }}
{{- else if and (kindIs "float64" .) (eq (floor .) .) -}}
{{ int64 . }}
{{- else -}}
{{ . }}
{{- end }}
{{- end }}

{{/* The variables of a role. An empty setting is an error that names it. Argument: dict with root, role, and what "scim-bridge.role" says. */}}
{{- define "scim-bridge.environment" -}}
{{- $root := .root }}
{{- if ne .role "migration" }}
- name: OPS_ADDRESS
  value: "0.0.0.0:{{ int $root.Values.operations.port }}"
{{- end }}
{{- if eq .role "api" }}
- name: HTTP_ADDRESS
  value: "0.0.0.0:{{ int $root.Values.api.port }}"
{{- end }}
{{- range $name, $value := .reads.settings }}
- name: {{ $name }}
  value: {{ include "scim-bridge.text" (required (printf "settings: %s has to be set" $name) $value) | quote }}
{{- end }}
{{- range .reads.files }}
- name: {{ .variable }}
  value: /run/secrets/scim-bridge/{{ .secret }}
{{- end }}
{{- range .reads.authorities }}
- name: {{ upper . }}_CA_FILE
  value: /run/authorities/scim-bridge/{{ . }}.pem
{{- end }}
{{- if .reads.hasSchemaFile }}
- name: SCHEMA_FILE
  value: /etc/scim-bridge/schema.json
{{- end }}
{{- end }}

{{/* One projected volume with the secrets as files, one with the authorities. Argument: the same. */}}
{{- define "scim-bridge.volumes" -}}
{{- $root := .root }}
{{- if .reads.files }}
- name: secrets
  projected:
    defaultMode: 0440
    sources:
    {{- range .reads.files }}
    {{- $secret := index $root.Values.secrets .secret }}
    - secret:
        name: {{ $secret.name }}
        items:
        - {key: {{ $secret.key | quote }}, path: {{ .secret | quote }}}
    {{- end }}
{{- end }}
{{- if .reads.authorities }}
- name: authorities
  projected:
    defaultMode: 0444
    sources:
    {{- range .reads.authorities }}
    {{- $authority := index $root.Values.authorities . }}
    - configMap:
        name: {{ $authority.configMap }}
        items:
        - {key: {{ $authority.key | quote }}, path: {{ printf "%s.pem" . | quote }}}
    {{- end }}
{{- end }}
{{- if .reads.hasSchemaFile }}
- name: schema
  configMap: {name: {{ include "scim-bridge.fullname" $root }}-schema}
{{- end }}
{{- end }}

{{/* Where those volumes are seen. Argument: the same. */}}
{{- define "scim-bridge.volumeMounts" -}}
{{- if .reads.files }}
- {name: secrets, mountPath: /run/secrets/scim-bridge, readOnly: true}
{{- end }}
{{- if .reads.authorities }}
- {name: authorities, mountPath: /run/authorities/scim-bridge, readOnly: true}
{{- end }}
{{- if .reads.hasSchemaFile }}
- {name: schema, mountPath: /etc/scim-bridge, readOnly: true}
{{- end }}
{{- end }}
