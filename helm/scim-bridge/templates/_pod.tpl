{{/*
SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
SPDX-License-Identifier: Apache-2.0

The pod that roles, migration and checks have in common, and the Deployment of a role.
*/}}

{{/* Nothing in the image runs as root, writes to the image or needs a privilege (R-36). */}}
{{- define "scim-bridge.containerSecurity" -}}
allowPrivilegeEscalation: false
privileged: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities: {drop: [ALL]}
{{- end }}

{{- define "scim-bridge.podSecurity" -}}
runAsNonRoot: true
{{- with .Values.podSecurity.runAsUser }}
runAsUser: {{ int64 . }}
{{- end }}
{{- with .Values.podSecurity.runAsGroup }}
runAsGroup: {{ int64 . }}
{{- end }}
{{- with .Values.podSecurity.fsGroup }}
fsGroup: {{ int64 . }}
{{- end }}
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{/*
Spec of a pod. Argument: dict with
  root, role   api, worker, events or migration: whose settings and files it has
  args         of the program
  resources
  serves       whether it serves: ports and probes
  restart      restartPolicy
  account      its ServiceAccount
*/}}
{{- define "scim-bridge.podSpec" -}}
{{- $root := .root }}
{{- $argument := dict "root" $root "role" .role "reads" (include "scim-bridge.role" (dict "root" $root "role" .role) | fromYaml) }}
serviceAccountName: {{ .account }}
automountServiceAccountToken: false
enableServiceLinks: false
restartPolicy: {{ .restart }}
{{- if .serves }}
terminationGracePeriodSeconds: {{ int $root.Values.terminationGracePeriodSeconds }}
{{- end }}
{{- with $root.Values.image.pullSecrets }}
imagePullSecrets:
{{- range . }}
- name: {{ . }}
{{- end }}
{{- end }}
{{- with $root.Values.pod.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $root.Values.pod.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $root.Values.pod.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $root.Values.pod.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if and .serves $root.Values.topologySpread }}
topologySpreadConstraints:
{{- range $root.Values.topologySpread }}
- topologyKey: {{ .topologyKey }}
  maxSkew: {{ int (.maxSkew | default 1) }}
  whenUnsatisfiable: {{ .whenUnsatisfiable | default "ScheduleAnyway" }}
  # Each rollout is spread by itself: otherwise the old pods decide where the new ones go.
  matchLabelKeys: [pod-template-hash]
  labelSelector:
    matchLabels:
      {{- include "scim-bridge.roleSelector" (dict "root" $root "role" $.role) | nindent 6 }}
{{- end }}
{{- end }}
securityContext:
  {{- include "scim-bridge.podSecurity" $root | nindent 2 }}
containers:
- name: {{ .role }}
  image: {{ include "scim-bridge.image" $root | quote }}
  imagePullPolicy: {{ $root.Values.image.pullPolicy }}
  args: {{ toJson .args }}
  securityContext:
    {{- include "scim-bridge.containerSecurity" $root | nindent 4 }}
  env:
  {{- include "scim-bridge.environment" $argument | trim | nindent 2 }}
  {{- if .serves }}
  ports:
  {{- if eq .role "api" }}
  - {name: scim, containerPort: {{ int $root.Values.api.port }}}
  {{- end }}
  - {name: operations, containerPort: {{ int $root.Values.operations.port }}}
  startupProbe:
    httpGet: {path: /health/startup, port: operations}
    periodSeconds: 2
    failureThreshold: 30
  livenessProbe:
    httpGet: {path: /health/live, port: operations}
    periodSeconds: 20
    timeoutSeconds: 5
  readinessProbe:
    httpGet: {path: /health/ready, port: operations}
    periodSeconds: 5
    timeoutSeconds: 3
  {{- if and (eq .role "api") $root.Values.api.drainDelaySeconds }}
  lifecycle:
    preStop:
      # Until every proxy has heard that this pod goes, it takes what they still send.
      exec: {command: [sleep, "{{ int $root.Values.api.drainDelaySeconds }}"]}
  {{- end }}
  {{- end }}
  resources:
    {{- toYaml .resources | nindent 4 }}
  {{- with include "scim-bridge.volumeMounts" $argument | trim }}
  volumeMounts:
  {{- . | nindent 2 }}
  {{- end }}
{{- with include "scim-bridge.volumes" $argument | trim }}
volumes:
{{- . | nindent 0 }}
{{- end }}
{{- end }}

{{/* A Deployment of one role. Argument: dict with root and role. */}}
{{- define "scim-bridge.deployment" -}}
{{- $root := .root }}
{{- $values := index $root.Values .role }}
{{- $delay := ternary (int $root.Values.api.drainDelaySeconds) 0 (eq .role "api") }}
{{- if lt (int $root.Values.terminationGracePeriodSeconds) (add 45 $delay | int) }}
{{- fail (printf "terminationGracePeriodSeconds: a stop takes up to 45 s, and %d s before it (api.drainDelaySeconds)" $delay) }}
{{- end }}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "scim-bridge.fullname" $root }}-{{ .role }}
  labels:
    {{- include "scim-bridge.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ .role }}
spec:
  {{- if not (and (hasKey $values "autoscaling") $values.autoscaling.enabled) }}
  replicas: {{ int $values.replicas }}
  {{- end }}
  strategy:
    type: RollingUpdate
    # What is there goes on until what is new is ready.
    rollingUpdate: {maxSurge: 1, maxUnavailable: 0}
  selector:
    matchLabels:
      {{- include "scim-bridge.roleSelector" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "scim-bridge.labels" $root | nindent 8 }}
        app.kubernetes.io/component: {{ .role }}
        {{- include "scim-bridge.servesLabel" $root | nindent 8 }}
        {{- with $root.Values.pod.labels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      annotations:
        checksum/settings: {{ include "scim-bridge.role" . | sha256sum }}
        {{- if and $root.Values.schemaFile (ne .role "events") }}
        checksum/schema-file: {{ toJson $root.Values.schemaFile | sha256sum }}
        {{- end }}
        {{- with $root.Values.restartMark }}
        scim-bridge/restart-mark: {{ . | quote }}
        {{- end }}
        {{- with $root.Values.pod.annotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      {{- include "scim-bridge.podSpec" (dict
        "root" $root "role" .role "args" (list "serve" "--roles" .role) "resources" $values.resources "serves" true
        "restart" "Always" "account" (include "scim-bridge.serviceAccountName" $root)) | trim | nindent 6 }}
{{- end }}
