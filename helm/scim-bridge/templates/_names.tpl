{{/*
SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
SPDX-License-Identifier: Apache-2.0

Names and labels.
*/}}

{{/* What every name begins with; short enough for the longest ending. */}}
{{- define "scim-bridge.fullname" -}}
{{- .Values.fullnameOverride | default .Release.Name | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- define "scim-bridge.selectorLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "scim-bridge.labels" -}}
{{ include "scim-bridge.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{/* Which pods have the operators' port: those of the three roles, and neither the migration nor the checks. */}}
{{- define "scim-bridge.servesLabel" -}}
scim-bridge/serves: "true"
{{- end }}

{{- define "scim-bridge.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}
{{- end }}

{{- define "scim-bridge.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{ .Values.serviceAccount.name | default (include "scim-bridge.fullname" .) }}
{{- else -}}
{{ .Values.serviceAccount.name | default "default" }}
{{- end }}
{{- end }}

{{/* Selects the pods of one role. Argument: dict with root and role. */}}
{{- define "scim-bridge.roleSelector" -}}
{{ include "scim-bridge.selectorLabels" .root }}
app.kubernetes.io/component: {{ .role }}
{{- end }}
