/**
 * What templates of the chart share. An environment is checked where it is read: a name that is
 * missing stops the installation by a line that says which, and what to do.
 */
export const namedTemplates = (chart: string) => `{{- define "image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag }}
{{- end }}

{{/* The Secret with the environment of .owner: one that is there already, or the chart's own. */}}
{{- define "secret" -}}
{{ index .root.Values.existingSecrets .owner | default (printf "%s-environment" .owner) }}
{{- end }}

{{/* The environment of .owner as JSON, with each of .names in it. */}}
{{- define "environment" -}}
{{- $all := .root.Values.environment | default dict }}
{{- $given := index $all .owner | default dict }}
{{- $texts := dict }}
{{- range $name, $value := $given }}{{- $_ := set $texts $name (toString $value) }}{{- end }}
{{- range .names }}
{{- if not (hasKey $texts .) }}
{{- fail (printf "environment.%s.%s is not given: add -f ${chart}.secrets.yaml, or name a Secret that has it: --set existingSecrets.%s=NAME" $.owner . $.owner) }}
{{- end }}
{{- end }}
{{- toJson $texts }}
{{- end }}

{{/* Another value of an environment makes other pods. */}}
{{- define "environment-digest" -}}
{{- $lines := list }}
{{- range $name, $value := include "environment" . | fromJson }}
{{- $lines = append $lines (printf "%s=%s\\n" $name (sha256sum $value)) }}
{{- end }}
{{- join "" $lines | sha256sum | trunc 12 }}
{{- end }}

{{/* A job cannot be changed: whatever is another in it gives it another name. */}}
{{- define "job-digest" -}}
{{- printf "%s\\n%s" .fixed (toJson .open) | sha256sum | trunc 12 }}
{{- end }}
`;
