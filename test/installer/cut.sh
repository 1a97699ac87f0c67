#!/bin/sh
# Runs beginnings of a script and prints how many ended with 0. "eval" reads them in this very shell, "stdin" by a new one.
# usage: cut.sh WAY FILE FROM STEP DOWN-TO SHELL…
way=$1 file=$2 from=$3 step=$4 last=$5
shift 5
good=0
text=$(/bin/head -c "$from" "$file")
drop=
while [ ${#drop} -lt "$step" ]; do drop="$drop?"; done
while [ ${#text} -gt "$last" ]; do
  if [ "$way" = eval ]; then
    (eval "$text") >/dev/null 2>&1 && good=$((good + 1))
  else
    printf '%s' "$text" | "$@" >/dev/null 2>&1 && good=$((good + 1))
  fi
  text=${text%$drop}
done
echo "$good"
