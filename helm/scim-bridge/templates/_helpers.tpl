{{- define "scim-bridge.labels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "scim-bridge.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "scim-bridge.podSecurity" -}}
runAsNonRoot: true
runAsUser: 1000
runAsGroup: 1000
fsGroup: 1000
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "scim-bridge.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{/* Settings as variables; an empty one is an error that names it. Argument: dict of settings. */}}
{{- define "scim-bridge.environment" -}}
{{- range $name, $value := . }}
- name: {{ $name }}
  value: {{ required (printf "settings: %s has to be set" $name) $value | quote }}
{{- end }}
{{- end }}

{{/* Variables that name the mounted secret files; a Secret without a name is not mounted. Argument: dict with root and files. */}}
{{- define "scim-bridge.secretFiles" -}}
{{- range .files }}
{{- if (index $.root.Values.secrets .secret).name }}
- name: {{ .variable }}
  value: /run/secrets/scim-bridge/{{ .secret }}
{{- end }}
{{- end }}
{{- end }}

{{/* Variables that name the mounted authorities. Argument: dict with root and authorities. */}}
{{- define "scim-bridge.authorityFiles" -}}
{{- range .authorities }}
{{- if (index $.root.Values.authorities .).configMap }}
- name: {{ upper . }}_CA_FILE
  value: /run/authorities/scim-bridge/{{ . }}.pem
{{- end }}
{{- end }}
{{- end }}

{{/* One projected volume with the named secrets as files, one with the authorities. Argument: dict with root, files and authorities. */}}
{{- define "scim-bridge.volumes" -}}
- name: secrets
  projected:
    defaultMode: 0440
    sources:
    {{- range .files }}
    {{- $secret := index $.root.Values.secrets .secret }}
    {{- if $secret.name }}
    - secret:
        name: {{ $secret.name }}
        items:
        - {key: {{ $secret.key | quote }}, path: {{ .secret | quote }}}
    {{- end }}
    {{- end }}
{{- if include "scim-bridge.authorityFiles" . }}
- name: authorities
  projected:
    defaultMode: 0444
    sources:
    {{- range .authorities }}
    {{- $authority := index $.root.Values.authorities . }}
    {{- if $authority.configMap }}
    - configMap:
        name: {{ $authority.configMap }}
        items:
        - {key: {{ $authority.key | quote }}, path: {{ printf "%s.pem" . | quote }}}
    {{- end }}
    {{- end }}
{{- end }}
{{- end }}

{{/* Where those volumes are seen. Argument: the same. */}}
{{- define "scim-bridge.volumeMounts" -}}
- {name: secrets, mountPath: /run/secrets/scim-bridge, readOnly: true}
{{- if include "scim-bridge.authorityFiles" . }}
- {name: authorities, mountPath: /run/authorities/scim-bridge, readOnly: true}
{{- end }}
{{- end }}

{{/* Secrets that every serving role has. */}}
{{- define "scim-bridge.commonFiles" -}}
- {variable: DATABASE_PASSWORD_FILE, secret: databasePassword}
- {variable: REDIS_PASSWORD_FILE, secret: redisPassword}
- {variable: REDIS_CERTIFICATE_FILE, secret: redisCertificate}
- {variable: REDIS_KEY_FILE, secret: redisKey}
- {variable: OPS_TOKEN_FILE, secret: opsToken}
{{- end }}

{{/* A Deployment of one role. Argument: dict with root, role, address, settings, files, authorities beyond those of all roles, and schema. */}}
{{- define "scim-bridge.deployment" -}}
{{- $root := .root }}
{{- $files := concat (include "scim-bridge.commonFiles" $root | fromYamlArray) .files }}
{{- $mounted := dict "root" $root "files" $files "authorities" (concat (list "database" "redis") .authorities) }}
{{- $values := index $root.Values .role }}
{{- $hasSchemaFile := and .schema $root.Values.schemaFile }}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ $root.Release.Name }}-{{ .role }}
  labels:
    {{- include "scim-bridge.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ .role }}
spec:
  replicas: {{ $values.replicas }}
  selector:
    matchLabels:
      app.kubernetes.io/name: {{ $root.Chart.Name }}
      app.kubernetes.io/instance: {{ $root.Release.Name }}
      app.kubernetes.io/component: {{ .role }}
  template:
    metadata:
      labels:
        {{- include "scim-bridge.labels" $root | nindent 8 }}
        app.kubernetes.io/component: {{ .role }}
      {{- if $hasSchemaFile }}
      annotations:
        checksum/schema-file: {{ toJson $root.Values.schemaFile | sha256sum }}
      {{- end }}
    spec:
      automountServiceAccountToken: false
      terminationGracePeriodSeconds: {{ $root.Values.terminationGracePeriodSeconds }}
      securityContext:
        {{- include "scim-bridge.podSecurity" $root | nindent 8 }}
      containers:
      - name: {{ .role }}
        image: {{ include "scim-bridge.image" $root }}
        imagePullPolicy: {{ $root.Values.image.pullPolicy }}
        args: [serve, --roles, {{ .role }}]
        securityContext:
          {{- include "scim-bridge.containerSecurity" $root | nindent 10 }}
        env:
        - name: OPS_ADDRESS
          value: "0.0.0.0:{{ $root.Values.operations.port }}"
        {{- if .address }}
        - name: HTTP_ADDRESS
          value: "0.0.0.0:{{ $values.port }}"
        {{- end }}
        {{- include "scim-bridge.environment" $root.Values.settings.common | nindent 8 }}
        {{- include "scim-bridge.environment" .settings | nindent 8 }}
        {{- include "scim-bridge.secretFiles" $mounted | nindent 8 }}
        {{- include "scim-bridge.authorityFiles" $mounted | nindent 8 }}
        {{- if $hasSchemaFile }}
        - name: SCHEMA_FILE
          value: /etc/scim-bridge/schema.json
        {{- end }}
        ports:
        {{- if .address }}
        - {name: scim, containerPort: {{ $values.port }}}
        {{- end }}
        - {name: operations, containerPort: {{ $root.Values.operations.port }}}
        startupProbe:
          httpGet: {path: /health/startup, port: operations}
          failureThreshold: 30
          periodSeconds: 2
        livenessProbe:
          httpGet: {path: /health/live, port: operations}
          periodSeconds: 20
        readinessProbe:
          httpGet: {path: /health/ready, port: operations}
          periodSeconds: 5
          timeoutSeconds: 3
        resources:
          {{- toYaml $values.resources | nindent 10 }}
        volumeMounts:
        {{- include "scim-bridge.volumeMounts" $mounted | nindent 8 }}
        {{- if $hasSchemaFile }}
        - {name: schema, mountPath: /etc/scim-bridge, readOnly: true}
        {{- end }}
      volumes:
      {{- include "scim-bridge.volumes" $mounted | nindent 6 }}
      {{- if $hasSchemaFile }}
      - name: schema
        configMap: {name: {{ $root.Release.Name }}-schema}
      {{- end }}
{{- end }}
