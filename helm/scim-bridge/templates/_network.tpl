{{/*
SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
SPDX-License-Identifier: Apache-2.0

Who may talk to whom. The ports follow the addresses of the settings, so that the two cannot disagree.
*/}}

{{/* The ports of an address, as YAML; several for a database with several hosts. Argument: dict with url and port, its usual one. */}}
{{- define "scim-bridge.portsOf" -}}
{{- $authority := regexReplaceAll "^[a-z+]+://([^/?#]*).*$" .url "${1}" | regexFind "[^@]*$" }}
{{- $ports := list }}
{{- range regexSplit "," $authority -1 }}
{{- $found := regexFind ":[0-9]+$" . | trimPrefix ":" }}
{{- $ports = append $ports (ternary $.port (int $found) (empty $found)) }}
{{- end }}
{{- range uniq $ports }}
- {{ . }}
{{- end }}
{{- end }}

{{/* A rule to one service. Argument: dict with url, port and peers; no peers are all. */}}
{{- define "scim-bridge.egressTo" -}}
- ports:
  {{- range include "scim-bridge.portsOf" . | fromYamlArray }}
  - {protocol: TCP, port: {{ int . }}}
  {{- end }}
  {{- with .peers }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{/*
The policy of the pods of one role, and of its check. Argument: dict with root, role (api, worker, events or migration) and annotations.
*/}}
{{- define "scim-bridge.networkPolicy" -}}
{{- $root := .root }}
{{- $policy := $root.Values.networkPolicy }}
{{- $settings := $root.Values.settings }}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include "scim-bridge.fullname" $root }}-{{ .role }}
  labels:
    {{- include "scim-bridge.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ .role }}
  {{- with .annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  podSelector:
    matchLabels:
      {{- include "scim-bridge.selectorLabels" $root | nindent 6 }}
    matchExpressions:
    - {key: app.kubernetes.io/component, operator: In, values: [{{ .role }}, {{ .role }}-check]}
  policyTypes: [Ingress, Egress]
  {{- if eq .role "migration" }}
  ingress: []
  {{- else }}
  ingress:
  {{- if eq .role "api" }}
  - ports:
    - {protocol: TCP, port: scim}
    {{- with $policy.clients }}
    from:
      {{- toYaml . | nindent 6 }}
    {{- end }}
  {{- end }}
  - ports:
    - {protocol: TCP, port: operations}
    {{- with $policy.scrapers }}
    from:
      {{- toYaml . | nindent 6 }}
    {{- end }}
  {{- end }}
  egress:
  - ports:
    - {protocol: UDP, port: 53}
    - {protocol: TCP, port: 53}
    {{- with $policy.dns }}
    to:
      {{- toYaml . | nindent 6 }}
    {{- end }}
  {{- include "scim-bridge.egressTo" (dict "url" ($settings.common.DATABASE_URL | toString) "port" 5432 "peers" $policy.database) | nindent 2 }}
  {{- if ne .role "migration" }}
  {{- include "scim-bridge.egressTo" (dict "url" ($settings.common.REDIS_URL | toString) "port" 6379 "peers" $policy.redis) | nindent 2 }}
  {{- end }}
  {{- if eq .role "worker" }}
  {{- $url := $settings.worker.UDM_URL | toString }}
  {{- include "scim-bridge.egressTo" (dict "url" $url "port" (ternary 80 443 (hasPrefix "http://" $url)) "peers" $policy.udm) | nindent 2 }}
  {{- end }}
  {{- if eq .role "events" }}
  {{- $sinks := include "scim-bridge.sinks" $root | fromYamlArray }}
  {{- range $sink := list "provisioning" "webhook" }}
  {{- if has $sink $sinks }}
  {{- $url := index $settings.events (printf "%s_URL" (upper $sink)) | toString }}
  {{- include "scim-bridge.egressTo" (dict "url" $url "port" (ternary 80 443 (hasPrefix "http://" $url)) "peers" (index $policy $sink)) | nindent 2 }}
  {{- end }}
  {{- end }}
  {{- end }}
  {{- with $policy.extraEgress }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
