{{- define "stillroom.name" -}}
{{- if contains "stillroom" .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{ else }}{{ printf "%s-stillroom" .Release.Name | trunc 40 | trimSuffix "-" }}{{ end }}
{{- end }}

{{/* Labels of one component: (dict "root" $ "component" "api") */}}
{{- define "stillroom.selector" -}}
app.kubernetes.io/name: stillroom
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "stillroom.labels" -}}
{{ include "stillroom.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{- define "stillroom.image" -}}
{{ .image.repository }}:{{ .image.tag | default .root.Chart.AppVersion }}
{{- end }}

{{- define "stillroom.secret" -}}
{{ .Values.secrets.existing | default (include "stillroom.name" .) }}
{{- end }}

{{- define "stillroom.first" -}}
{{ .Values.administrator.existing | default (printf "%s-first" (include "stillroom.name" .)) }}
{{- end }}

{{- define "stillroom.host" -}}
{{ (urlParse .Values.publicUrl).host }}
{{- end }}

{{/* What every pod of ours has: no token of the cluster, no root, a group that may read the secrets. */}}
{{- define "stillroom.pod" -}}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .Values.images.pullSecrets }}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
{{- end }}

{{/* Where Prometheus finds the metrics of a pod: docs/metrics.md */}}
{{- define "stillroom.scraped" -}}
prometheus.io/scrape: "true"
prometheus.io/port: "9109"
prometheus.io/path: /metrics
{{- end }}

{{- define "stillroom.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
{{- end }}

{{- define "stillroom.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{/* Settings of api, worker and scheduler: (dict "root" $ "more" (dict …)) */}}
{{- define "stillroom.env" -}}
{{- $given := dict "STILLROOM_SECRETS_DIR" "/run/stillroom/service" "STILLROOM_PUBLIC_URL" .root.Values.publicUrl "STILLROOM_DATA_DIR" "/tmp/stillroom" "STILLROOM_OPERATOR_BIND" "0.0.0.0:9109" "STILLROOM_EXTRA_HOSTS" (join "," .root.Values.extraHosts) "STILLROOM_READER_URL" (printf "http://%s-reader:8010" (include "stillroom.name" .root)) "STILLROOM_MAIL_FROM" .root.Values.mail.from "STILLROOM_SIGN_UP" .root.Values.accounts.signUp "STILLROOM_ORGANIZATIONS" .root.Values.accounts.organizations -}}
{{- range $name, $value := mergeOverwrite $given (deepCopy .root.Values.settings) (.more | default dict) }}
- name: {{ $name }}
  value: {{ $value | toString | quote }}
{{- end }}
{{- end }}

{{- define "stillroom.mounts" -}}
- {name: secrets, mountPath: /run/stillroom/service, readOnly: true}
- {name: tmp, mountPath: /tmp}
{{- end }}

{{- define "stillroom.volumes" -}}
- name: secrets
  secret: {secretName: {{ include "stillroom.secret" . }}, defaultMode: 288}
- name: tmp
  emptyDir: {sizeLimit: 1Gi}
{{- end }}

{{/* The Secret with the owner's address, which the migrations alone are given; empty where one role does both. */}}
{{- define "stillroom.ownerSecret" -}}
{{- if .Values.secrets.existing }}{{ .Values.secrets.existingOwner }}
{{- else if or .Values.postgresql.bundled .Values.secrets.ownerDatabaseUrl }}{{ include "stillroom.name" . }}-owner
{{- end }}
{{- end }}

{{/* Where pods may stand: (dict "root" $ "of" .Values.api "component" "api") */}}
{{- define "stillroom.placement" -}}
{{- with .of.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .of.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .of.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{- include "stillroom.selector" (dict "root" .root "component" .component) | nindent 8 }}
{{- end }}
