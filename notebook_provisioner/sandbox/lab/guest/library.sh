# shellcheck shell=bash
# What the lab's boot programs share. File descriptor 3 takes events, 4 takes the output of what is run.
readonly METADATA=http://metadata.google.internal/computeMetadata/v1
# shellcheck disable=SC2034  # for the programs that read this file
readonly DATA=/var/lib/nbp-lab

console() {
  printf '%s\r\n' "$*" >/dev/ttyS0
}

# attribute KEY: prints the instance attribute; nothing where there is none.
attribute() {
  curl --silent --fail --header 'Metadata-Flavor: Google' "${METADATA}/instance/attributes/$1"
}

put_guest_attribute() {
  curl --silent --fail --output /dev/null --request PUT --header 'Metadata-Flavor: Google' --data "$2" \
    "${METADATA}/instance/guest-attributes/$1"
}

# event STATE STAGE NAME EXIT: one line; the size of the output so far says whose output is whose.
event() {
  local name=${3//[$'\t\n']/ }
  printf '%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "${name}" "$4" "$(stat -L -c %s /proc/self/fd/4)" >&3
}

# run STAGE NAME PROGRAM [ARGUMENT…]: as root, recorded; returns the program's exit status.
run() {
  local stage=$1 name=$2 status=0
  shift 2
  event begin "${stage}" "${name}" -
  "$@" </dev/null >&4 2>&1 3>&- 4>&- || status=$?
  event end "${stage}" "${name}" "${status}"
  return "${status}"
}

# encode TEXT: prints it as one segment of a URL's path.
encode() {
  local LC_ALL=C text=$1 index character
  for ((index = 0; index < ${#text}; index++)); do
    character=${text:index:1}
    case ${character} in
      [A-Za-z0-9_.~-]) printf '%s' "${character}" ;;
      *) printf '%%%02X' "'${character}" ;;
    esac
  done
}

# download gs://BUCKET/OBJECT FILE: with the machine's token, from Cloud Storage's JSON API. Says why on the console
# where it fails.
download() {
  local rest=${1#gs://} answer token status words
  answer=$(curl --silent --fail --header 'Metadata-Flavor: Google' \
    "${METADATA}/instance/service-accounts/default/token") || return
  token=${answer#*\"access_token\":\"}
  status=$(curl --silent --output "$2.part" --write-out '%{http_code}' --header "Authorization: Bearer ${token%%\"*}" \
    "http://storage.googleapis.com/storage/v1/b/${rest%%/*}/o/$(encode "${rest#*/}")?alt=media") || status=000
  if [[ ${status} == 200 ]]; then
    mv "$2.part" "$2"
    return
  fi
  words=$(head --bytes=2000 "$2.part" 2>/dev/null | tr --delete '\0' | head --lines=1)
  if [[ ${words} =~ \"message\":\"([^\"]*)\" ]]; then
    words=${BASH_REMATCH[1]}
  fi
  rm -f "$2.part"
  console "post-startup-script $1 cannot be downloaded: HTTP ${status}: ${words}"
  return 1
}
