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

{{/* The Secret whose keys are made once and never written again by the chart. */}}
{{- define "stillroom.secret" -}}
{{ .Values.secrets.existing | default (include "stillroom.name" .) }}
{{- end }}

{{/* The Secret with the addresses of our servers: written anew from the values by each release. */}}
{{- define "stillroom.addresses" -}}
{{ .Values.secrets.existing | default (printf "%s-addresses" (include "stillroom.name" .)) }}
{{- end }}

{{/* What the cluster has of a Secret, as JSON: (dict "root" $ "name" "…") */}}
{{- define "stillroom.kept" -}}
{{ ((lookup "v1" "Secret" .root.Release.Namespace .name).data) | default dict | toJson }}
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

{{/* Where Prometheus finds the metrics of a pod (docs/metrics.md), and a mark of the secrets that the chart keeps, so
that a release which changes one replaces the pods. Secrets of somebody else's making have none. */}}
{{- define "stillroom.annotations" -}}
prometheus.io/scrape: "true"
prometheus.io/port: "9109"
prometheus.io/path: /metrics
{{- if not .Values.secrets.existing }}
{{- $kept := include "stillroom.kept" (dict "root" . "name" (include "stillroom.name" .)) }}
{{- /* The random key among what is kept makes the mark one from which nothing can be guessed. */}}
stillroom/secrets: {{ ternary "first" (printf "%s%s" $kept (toJson .Values.secrets) | sha256sum | trunc 16) (eq $kept "{}") | quote }}
{{- end }}
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

{{/* Variables of api, workers, scheduler, reader and migrations: (dict "root" $ "more" (dict …)) */}}
{{- define "stillroom.env" -}}
{{- $elsewhere := dict "STILLROOM_PUBLIC_URL" "publicUrl" "STILLROOM_EXTRA_HOSTS" "extraHosts" "STILLROOM_MAIL_FROM" "mail.from" "STILLROOM_SIGN_UP" "accounts.signUp" "STILLROOM_ORGANIZATIONS" "accounts.organizations" "STILLROOM_SANDBOX" "workerDefaults.sandbox.level" "STILLROOM_DRAIN_S" "workerDefaults.graceSeconds (a minute more)" "STILLROOM_DATA_DIR" "workerDefaults.data" -}}
{{- range $name, $value := $elsewhere }}
{{- if hasKey $.root.Values.settings $name }}{{ fail (printf "settings.%s has a value of its own: %s" $name $value) }}{{ end }}
{{- end }}
{{- $given := dict "STILLROOM_SECRETS_DIR" "/run/stillroom/service" "STILLROOM_PUBLIC_URL" .root.Values.publicUrl "STILLROOM_DATA_DIR" "/tmp/stillroom" "STILLROOM_OPERATOR_BIND" "0.0.0.0:9109" "STILLROOM_EXTRA_HOSTS" (join "," .root.Values.extraHosts) "STILLROOM_READER_URL" (printf "http://%s-reader:8010" (include "stillroom.name" .root)) "STILLROOM_MAIL_FROM" .root.Values.mail.from "STILLROOM_SIGN_UP" .root.Values.accounts.signUp "STILLROOM_ORGANIZATIONS" .root.Values.accounts.organizations -}}
{{- range $name, $value := mergeOverwrite $given (deepCopy .root.Values.settings) (.more | default dict) }}
- name: {{ $name }}
  value: {{ $value | toString | quote }}
{{- end }}
{{- end }}

{{/* Variables that hold secrets, because whoever reads them knows no files. */}}
{{- define "stillroom.envFrom" -}}
{{- with .Values.settingsSecret }}
envFrom: [{secretRef: {name: {{ . }}}}]
{{- end }}
{{- end }}

{{- define "stillroom.mounts" -}}
- {name: secrets, mountPath: /run/stillroom/service, readOnly: true}
{{- if .Values.certificates.secret }}
- {name: certificates, mountPath: /run/stillroom/certificates, readOnly: true}
{{- end }}
- {name: tmp, mountPath: /tmp}
{{- end }}

{{- define "stillroom.volumes" -}}
- name: secrets
  projected:
    defaultMode: 288
    sources: {{- include "stillroom.sources" . | nindent 6 }}
{{- with .Values.certificates.secret }}
- name: certificates
  secret: {secretName: {{ . }}, defaultMode: 288}
{{- end }}
- name: tmp
  emptyDir: {sizeLimit: 1Gi}
{{- end }}

{{/* Where the files of STILLROOM_SECRETS_DIR come from. */}}
{{- define "stillroom.sources" -}}
{{- if .Values.secrets.existing -}}
- secret: {name: {{ .Values.secrets.existing }}}
{{- else -}}
- secret: {name: {{ include "stillroom.secret" . }}, items: [{key: STILLROOM_SECRET_KEY, path: STILLROOM_SECRET_KEY}, {key: STILLROOM_SEALING_KEYS, path: STILLROOM_SEALING_KEYS}]}
- secret: {name: {{ include "stillroom.addresses" . }}}
{{- end }}
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
