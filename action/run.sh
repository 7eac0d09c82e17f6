#!/usr/bin/env bash
# One command of sagespec as a step of a workflow. COMMAND, MANIFESTS (one a line), OPTIONS (words), SARIF_FILE and
# PLAN_FILE say what is wanted; SAGESPEC_ENV is read by sagespec itself.

paths=()
while IFS= read -r path; do
  [ -z "$path" ] || paths+=("$path")
done <<< "$MANIFESTS"
read -r -d '' -a options <<< "$OPTIONS" || true  # it ends with the text, which is not a failure

validate() {
  if [ -n "$SARIF_FILE" ]; then
    sagespec validate --format sarif "${options[@]}" -- "${paths[@]}" > "$SARIF_FILE"
    [ $? -le 1 ] || return 2
  fi
  sagespec validate --format github "${options[@]}" -- "${paths[@]}"
}

plan() {
  local report code mark
  report=$(sagespec plan --format markdown --out "$PLAN_FILE" --detailed-exitcode "${options[@]}" -- "${paths[@]}")
  code=$?
  case $code in 0 | 4 | 5) ;; *) return $code ;; esac  # 4: a job has failed and is left so, which the plan tells
  mark="sagespec-$RANDOM-$RANDOM-$RANDOM"  # nobody's text can end the value before its end
  {
    echo "report<<$mark"
    printf '%s\n' "$report"
    echo "$mark"
    echo "plan-file=$PLAN_FILE"
    if [ $code -eq 5 ]; then echo "changes=true"; else echo "changes=false"; fi
    if [ $code -eq 4 ]; then echo "failed=true"; else echo "failed=false"; fi
  } >> "$GITHUB_OUTPUT"
  printf '%s\n' "$report" >> "$GITHUB_STEP_SUMMARY"
}

apply() {
  sagespec apply --yes "${options[@]}" -- "${paths[@]}"
}

case "$COMMAND" in
  validate | plan | apply) "$COMMAND" ;;
  *)
    echo "::error::sagespec has no command '$COMMAND' here: give validate, plan or apply"
    exit 2
    ;;
esac
