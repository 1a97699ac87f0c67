{ main() {
# Installs, upgrades, repairs and removes the status-panel agent on a Linux server with systemd. POSIX sh; "--help" says how.
#
# All of it is one compound command that ends with the last byte of the file: a download that was cut off runs nothing and
# fails. It looks before it touches: everything that can be refused is refused before the first change, and what fails later is
# taken back. What it downloads is trusted only when the chain from the root key below to the archive's hash holds.

server_url=@@SERVER_URL@@
purchase_token=@@PURCHASE_TOKEN@@
stack_id=@@STACK_ID@@
newest_version=@@VERSION@@
root_key=@@ROOT_KEY@@
node_sha256_x64=@@NODE_SHA256_X64@@
node_sha256_arm64=@@NODE_SHA256_ARM64@@

set -u
umask 077
LC_ALL=C
PATH=${PATH:-/usr/bin:/bin}:/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin
export LC_ALL PATH
# Settings of whoever runs this must not reach the program, nor lead to another engine than the server's own.
unset CDPATH NODE_OPTIONS DOCKER_HOST DOCKER_CONTEXT STATE_DIRECTORY CREDENTIALS_DIRECTORY STATUS_PANEL_CONFIG \
  STATUS_PANEL_STATE_DIRECTORY STATUS_PANEL_PURCHASE_TOKEN STATUS_PANEL_STACK_ID

home=/opt/status-panel
config=/etc/status-panel
state=/var/lib/status-panel
command_link=/usr/local/bin/status-panel
unit_folder=/etc/systemd/system
agent_user=status-panel
service=status-panel.service
docker_socket=/var/run/docker.sock
docker_group=docker
lock=/run/status-panel-install.lock
ready_deadline_seconds=90
archive_space_kib=204800
installed_space_kib=409600

mode=install
dry_run=0
purge=0
assume_yes=0
install_docker=0
egress_proxy=0
bundle=
ca_file=
version=$newest_version

work=
holds_lock=0
began=0
fresh=0
switched=0
was_active=0
previous=
changes=0
must_restart=0

# --- Words ---

show_help() {
  cat <<'HELP'
usage: sh install.sh [FLAGS]          or: curl -fsSL URL | sh -s -- [FLAGS]

  --dry-run          look at everything, say what would be done, change nothing
  --version V        install this version instead of the newest; also to go back
  --offline BUNDLE   take the release's files from this folder or tar archive instead of the network
  --ca-file FILE     PEM file with the certificate authorities to trust for the control plane
  --install-docker   on Debian and Ubuntu: install Docker if it is missing
  --egress-proxy     confine the agent's network to the control plane (docs/installing.md)
  --uninstall        remove status-panel; its identity and its journal of commands stay
  --purge            with --uninstall: those too; nothing stays
  --yes              do not ask
  --help             this

Run it again at any time: it does nothing, upgrades or repairs, and keeps the agent's identity.
Exit codes:  0 done  2 wrong words  10 system  11 architecture  12 systemd  13 not root  14 download  15 verification
16 Docker  17 registration  18 the service did not become ready  19 C library  20 disk space  21 something is in the way
22 another installer runs  23 stack archive  24 a step failed  25 a program is missing  129, 130, 143 interrupted
HELP
}

# One line for each thing: what was done, and to what.
say() {
  printf '%-12s %s\n' "$1" "$2"
}

# fail CODE WHAT WHAT-TO-DO: the only way out of an installation that does not work.
fail() {
  trap '' HUP INT TERM
  printf 'status-panel installer: %s\n             what to do: %s\n' "$2" "$3" >&2
  take_back >&2
  exit "$1"
}

have() {
  command -v "$1" >/dev/null 2>&1
}

# What a program wrote before it failed, in one line: its last, unless curl gave its reason before its advice.
last_words() {
  grep -m 1 '^curl: (' "$work/log" 2>/dev/null || tail -n 1 "$work/log" 2>/dev/null
}

# must WHAT COMMAND…: a change to this host that is expected to work.
must() {
  must_what=$1
  shift
  : >"$work/log"
  "$@" >"$work/log" 2>&1 && return 0
  fail 24 "cannot $must_what: $(last_words)" "mend that, then run the same line again"
}

changed() {
  changes=$((changes + 1))
  say "$1" "$2"
}

absolute() {
  case $1 in
    /*) printf '%s' "$1" ;;
    *) printf '%s/%s' "$PWD" "$1" ;;
  esac
}

read_words() {
  while [ $# -gt 0 ]; do
    case $1 in
      --offline=* | --version=* | --ca-file=*)
        word=$1
        shift
        set -- "${word%%=*}" "${word#*=}" "$@"
        ;;
    esac
    case $1 in
      --dry-run) dry_run=1 ;;
      --yes) assume_yes=1 ;;
      --install-docker) install_docker=1 ;;
      --egress-proxy) egress_proxy=1 ;;
      --uninstall) mode=uninstall ;;
      --purge) purge=1 ;;
      --help | -h) mode=help ;;
      --offline | --version | --ca-file)
        [ $# -ge 2 ] && [ -n "$2" ] || fail 2 "$1 needs a value" "see --help"
        case $1 in
          --offline) bundle=$(absolute "$2") ;;
          --version) version=$2 ;;
          --ca-file) ca_file=$(absolute "$2") ;;
        esac
        shift
        ;;
      # A stray word may be a token that somebody pasted: it is not repeated.
      -*) fail 2 "there is a flag that this installer does not know" "see --help" ;;
      *) fail 2 "there is a word that belongs to no flag" "see --help" ;;
    esac
    shift
  done
  case $version in
    [0-9]*.[0-9]*.[0-9]*) ;;
    *) version=/ ;;
  esac
  case $version in
    *[!0-9A-Za-z.-]*) fail 2 "--version must look like 1.2.3" "take a version that was released" ;;
  esac
  if [ "$purge" = 1 ] && [ "$mode" = install ]; then
    fail 2 "--purge means nothing without --uninstall" "see --help"
  fi
  [ -z "$bundle" ] || [ -r "$bundle" ] || fail 2 "--offline: $bundle cannot be read" "give a folder or a tar archive"
  if [ -n "$ca_file" ]; then
    grep -q 'BEGIN CERTIFICATE' "$ca_file" 2>/dev/null || fail 2 "--ca-file: $ca_file holds no certificate in PEM" "give the authority's certificate"
  fi
}

# --- Looking ---

look_at_system() {
  [ "$(uname -s)" = Linux ] || fail 10 "this is $(uname -s); status-panel runs on Linux" "install it on a Linux server"
  case $(uname -m) in
    x86_64 | amd64) arch=x64 loader=/lib64/ld-linux-x86-64.so.2 node_sha256=$node_sha256_x64 ;;
    aarch64 | arm64) arch=arm64 loader=/lib/ld-linux-aarch64.so.1 node_sha256=$node_sha256_arm64 ;;
    *) fail 11 "there is no release for the architecture $(uname -m)" "install it on x86_64 or arm64" ;;
  esac
  if have getconf && [ "$(getconf LONG_BIT 2>/dev/null || echo 64)" = 32 ]; then
    fail 11 "this is a 32-bit system on a 64-bit processor" "install it on a 64-bit system"
  fi
  look_at_c_library
  [ -d /run/systemd/system ] && have systemctl ||
    fail 12 "this system does not run systemd" "install it on a server with systemd; a container or WSL has to be booted with it"
  systemd_version=$(systemctl --version 2>/dev/null | sed -n '1s/^systemd \([0-9]*\).*/\1/p')
  [ -n "$systemd_version" ] || fail 12 "systemctl does not tell its version" "look at \"systemctl --version\""
  [ "$systemd_version" -ge 247 ] || say note "systemd $systemd_version is older than those this was tested with (247 and newer)"
  for program in tar gzip sed grep sort find stat cmp mktemp tail df; do
    have "$program" || fail 25 "the program \"$program\" is missing" "install it with the system's package manager"
  done
  have useradd || fail 25 "the program \"useradd\" is missing" "install the package \"passwd\" or \"shadow-utils\""
  have runuser || have setpriv || fail 25 "neither \"runuser\" nor \"setpriv\" is there" "install the package \"util-linux\""
  if have sha256sum; then sum_program=sha256sum
  elif have busybox; then sum_program='busybox sha256sum'
  elif have openssl; then sum_program='openssl dgst -sha256 -r'
  else fail 25 "no program for SHA-256 is there" "install \"coreutils\""
  fi
  if [ -n "$bundle" ]; then fetcher=bundle
  elif have curl; then fetcher=curl
  elif have wget; then fetcher=wget
  else fail 25 "neither curl nor wget is there" "install one of them, or use --offline"
  fi
  case $(openssl version 2>/dev/null) in
    'OpenSSL '[3-9].* | 'OpenSSL '[1-9][0-9].*) verifier=openssl ;;
    *) verifier=node ;;
  esac
  os_name=$(sed -n 's/^PRETTY_NAME="\{0,1\}\([^"]*\)"\{0,1\}$/\1/p' /etc/os-release 2>/dev/null)
}

# Node's own builds need glibc 2.28; musl has another loader under another name.
look_at_c_library() {
  if [ ! -e "$loader" ]; then
    fail 19 "this system has no glibc (it may be Alpine or another one with musl), which the release's Node needs" \
      "install it on a distribution with glibc 2.28 or newer, such as Debian 10, Ubuntu 20.04 or RHEL 8"
  fi
  glibc=$(getconf GNU_LIBC_VERSION 2>/dev/null)
  glibc=${glibc#glibc }
  case $glibc in
    2.[0-9] | 2.1[0-9] | 2.2[0-7]) fail 19 "glibc $glibc is too old: the release's Node needs 2.28" "upgrade the system" ;;
  esac
}

look_at_docker() {
  docker_missing=0
  if [ ! -e "$docker_socket" ] && ! have docker; then
    docker_missing=1
    [ "$install_docker" = 1 ] && have apt-get && return 0
    if have apt-get; then
      fail 16 "Docker is not installed" "run this again with --install-docker, or \"apt-get install docker.io\" first"
    fi
    fail 16 "Docker is not installed" "install it first: https://docs.docker.com/engine/install/"
  fi
  if [ "$is_root" = 0 ] && [ ! -w "$docker_socket" ]; then
    say note "whether Docker answers can be seen only as root"
    return 0
  fi
  docker_answers ||
    fail 16 "Docker does not answer on $docker_socket" "look at \"systemctl status docker\"; \"docker ps\" must work as root"
  docker_group_of_socket
}

docker_answers() {
  [ -S "$docker_socket" ] || return 1
  limit=
  have timeout && limit='timeout 20'
  if have docker; then
    $limit docker -H "unix://$docker_socket" version >/dev/null 2>&1
  elif [ "$fetcher" = curl ]; then
    curl -fsS --max-time 20 --unix-socket "$docker_socket" http://localhost/_ping >/dev/null 2>&1
  fi
}

docker_group_of_socket() {
  docker_group=$(stat -L -c %G "$docker_socket")
  [ "$docker_group" != UNKNOWN ] || docker_group=$(stat -L -c %g "$docker_socket")
  if [ "$docker_group" = root ]; then
    fail 16 "$docker_socket belongs to root alone, and the agent does not run as root" "groupadd docker; systemctl restart docker"
  fi
}

# Free space, in KiB, where a path lies or will lie.
free_kib() {
  place=$1
  until [ -d "$place" ]; do place=$(dirname "$place"); done
  df -Pk "$place" | { read -r _ && read -r _ _ _ free _ && printf '%s' "$free"; }
}

need_space() {
  [ "$(free_kib "$1")" -ge "$2" ] || fail 20 "there is less than $(($2 / 1024)) MiB free at $1" "make room there"
}

look_at_places() {
  need_space "$home" "$installed_space_kib"
  if [ -e "$command_link" ] || [ -L "$command_link" ]; then
    case $(readlink "$command_link" 2>/dev/null) in
      "$home"/*) ;;
      *) fail 21 "$command_link is there and is not this program's" "move it away" ;;
    esac
  fi
  if [ -e "$home" ] && [ ! -d "$home/versions" ] && [ -n "$(ls -A "$home")" ]; then
    fail 21 "$home is there and is not this program's" "move it away"
  fi
  case $(id -u "$agent_user" 2>/dev/null) in
    0) fail 21 "the user $agent_user is root under another name" "remove that user" ;;
  esac
  [ -e "$home/current" ] || [ -e "$state" ] || [ -e "$config" ] || [ -e "$unit_folder/$service" ] || fresh=1
  previous=$(readlink "$home/current" 2>/dev/null)
  if systemctl is-active --quiet "$service" 2>/dev/null; then was_active=1; fi
  case $(systemctl show -p ActiveState status-panel-update.service 2>/dev/null) in
    *=activating) fail 22 "\"status-panel update\" is under way" "wait for its end: journalctl -u status-panel-update -f" ;;
  esac
  if [ -z "$purchase_token" ] && [ ! -e "$state/identity.json" ] && [ "$is_root" = 1 ]; then
    fail 2 "this installer holds no purchase, and this server is not registered" "use the line from the purchase e-mail"
  fi
}

# The proxies of whoever installs are those of the service: it has no other way to learn of them.
read_proxies() {
  proxies=
  for name in HTTPS_PROXY HTTP_PROXY NO_PROXY ALL_PROXY; do
    case $name in
      HTTPS_PROXY) value=${HTTPS_PROXY:-${https_proxy:-}} ;;
      HTTP_PROXY) value=${HTTP_PROXY:-${http_proxy:-}} ;;
      NO_PROXY) value=${NO_PROXY:-${no_proxy:-}} ;;
      ALL_PROXY) value=${ALL_PROXY:-${all_proxy:-}} ;;
    esac
    [ -n "$value" ] || continue
    [ -z "$(printf '%s' "$value" | tr -d 'A-Za-z0-9._~:/?#@!&()*+,;=%[]-')" ] ||
      fail 2 "$name has a character that no address has" "percent-encode it"
    proxies="$proxies$name=\"$value\"
"
  done
}

# --- Becoming root ---

# "curl … | sh" leaves no file to run again, so the script is fetched again and handed over by a pipe. The address holds the
# purchase token, so it goes to curl and wget on standard input, where no other user can read it.
become_root() {
  is_root=0
  [ "$(id -u)" != 0 ] || is_root=1
  [ "$is_root" = 0 ] && [ "$dry_run" = 0 ] || return 0
  have sudo || fail 13 "this must be run as root, and there is no sudo" "become root, then run the same line"
  if ! sudo -n true 2>/dev/null && ! can_ask; then
    fail 13 "sudo wants a password, and there is no terminal to ask for it" "run the same line as root"
  fi
  say sudo "going on as root"
  keep='http_proxy,https_proxy,no_proxy,all_proxy,HTTP_PROXY,HTTPS_PROXY,NO_PROXY,ALL_PROXY'
  if [ -f "$0" ] && grep -q 'status-panel installer: %s' "$0" 2>/dev/null; then
    sudo --preserve-env="$keep" sh "$0" "$@"
  elif [ -n "$purchase_token" ] && [ -z "$bundle" ]; then
    self | sudo --preserve-env="$keep" sh -s -- "$@"
  else
    fail 13 "this must be run as root" "run the same line as root"
  fi
  exit $?
}

self() {
  address=$server_url/api/v1/marketplace/install/$purchase_token
  case $fetcher in
    curl) printf 'url = "%s"\n' "$address" | curl -fsSL ${ca_file:+--cacert "$ca_file"} --config - ;;
    # Nothing arrives when that fails, and nothing is what root then runs: not a success.
    *) printf '%s\n' "$address" | wget -q -O - -i - ;;
  esac || printf 'exit 14\n'
}

can_ask() {
  (: </dev/tty) 2>/dev/null
}

# confirm QUESTION: yes by --yes, else by whoever sits at the terminal.
confirm() {
  [ "$assume_yes" = 0 ] || return 0
  can_ask || fail 2 "$1 There is no terminal to ask" "add --yes"
  printf '%s [y/N] ' "$1" >/dev/tty
  read -r answer </dev/tty || answer=
  case $answer in
    [yY] | [yY][eE][sS]) ;;
    *) fail 2 "not confirmed" "nothing" ;;
  esac
}

take_lock() {
  if ! mkdir "$lock" 2>/dev/null; then
    holder=$(cat "$lock/pid" 2>/dev/null)
    if [ -n "$holder" ] && kill -0 "$holder" 2>/dev/null; then
      fail 22 "another installer runs (process $holder)" "wait for its end"
    fi
    rm -rf "$lock"
    mkdir "$lock" || fail 22 "$lock cannot be taken" "remove it if no other installer runs"
  fi
  holds_lock=1
  echo $$ >"$lock/pid"
}

# A private folder for downloads. Without OpenSSL 3 a program has to run from it, which some systems forbid below /tmp.
make_work_folder() {
  for place in "${TMPDIR:-/tmp}" /tmp /var/tmp /root; do
    [ -d "$place" ] && [ -w "$place" ] && [ "$(free_kib "$place")" -ge "$archive_space_kib" ] || continue
    work=$(mktemp -d "$place/status-panel-install.XXXXXX" 2>/dev/null) || continue
    [ "$verifier" = node ] || return 0
    printf '#!/bin/sh\nexit 0\n' >"$work/runs" && chmod 700 "$work/runs" && "$work/runs" 2>/dev/null && return 0
    rm -rf "$work"
    work=
  done
  fail 20 "no folder for downloads has $((archive_space_kib / 1024)) MiB free (and lets programs run)" "make room in /tmp or /var/tmp, or set TMPDIR"
}

clean_up() {
  [ -z "$work" ] || rm -rf "$work"
  [ "$holds_lock" = 0 ] || rm -rf "$lock"
}

# --- Downloading and verifying ---

# fetch NAME: one file of the release, into the work folder.
fetch() {
  address=$server_url/releases/$1
  case $fetcher in
    bundle) fetch_from_bundle "$1" 2>"$work/log" ;;
    curl)
      # An address that began with https must not lead to one without.
      case $server_url in https:*) to='=https' ;; *) to='=http,https' ;; esac
      curl --fail --silent --show-error --location --proto "$to" --retry 3 --connect-timeout 20 --max-time 1800 \
        ${ca_file:+--cacert "$ca_file"} --output "$work/$1" "$address" 2>"$work/log"
      ;;
    wget)
      # The small wget of BusyBox knows neither of these; what it brings is verified all the same.
      authorities=
      [ -z "$ca_file" ] || ! wget --help 2>&1 | grep -q -e --ca-certificate || authorities=$ca_file
      wget -q -T 60 ${authorities:+--ca-certificate="$authorities"} -O "$work/$1" "$address" 2>"$work/log"
      ;;
  esac && [ -s "$work/$1" ] && return 0
  if [ "$fetcher" = bundle ]; then
    fail 14 "$bundle has no $1 $(last_words)" "give a bundle with all files of the release"
  fi
  fail 14 "cannot download $address: $(last_words)" "check that this server reaches it: DNS, firewall, HTTPS_PROXY, --ca-file"
}

# Of an archive nothing is unpacked but the bytes of the one file that is asked for, into a file of our own.
fetch_from_bundle() {
  if [ -d "$bundle" ]; then
    cat "$bundle/$1" >"$work/$1"
  else
    inside=$(tar -tf "$bundle" | grep -x -e "$1" -e "./$1" -e "[^/]*/$1" -e "./[^/]*/$1" | sed -n 1p)
    [ -n "$inside" ] && tar -xOf "$bundle" "$inside" >"$work/$1"
  fi
}

sum_of() {
  $sum_program <"$1" | sed -n '1s/^\([0-9a-f]\{64\}\).*/\1/p'
}

# The hash that the verified list has for a file. A name that stands there twice has none.
listed_sum() {
  found=
  while read -r sum name; do
    [ "${name#\*}" = "$1" ] || continue
    [ -z "$found" ] || return 1
    found=$sum
  done <"$work/SHA256SUMS"
  case $found in
    *[!0-9a-f]*) return 1 ;;
    ????????????????????????????????????????????????????????????????) printf '%s' "$found" ;;
    *) return 1 ;;
  esac
}

not_verified() {
  fail 15 "$1; nothing of it was used" "try again later; if it stays so, tell whoever runs $server_url: somebody may have changed the release"
}

# root key (above) -> release-key.pem -> SHA256SUMS -> archive
verify_release() {
  archive_name=status-panel-$version-linux-$arch
  for paper in release-key.pem release-key.pem.sig SHA256SUMS SHA256SUMS.sig; do fetch "$paper"; done
  printf '%s\n' '-----BEGIN PUBLIC KEY-----' "$root_key" '-----END PUBLIC KEY-----' >"$work/root-key.pem"
  if [ "$verifier" = node ]; then
    [ "$dry_run" = 0 ] || return 0
    unpack_verifier
  fi
  signed_by root-key.pem release-key.pem || not_verified "the release key is not signed by the root key"
  signed_by release-key.pem SHA256SUMS || not_verified "SHA256SUMS is not signed by the release key"
  archive_sum=$(listed_sum "$archive_name.tar.gz") ||
    fail 15 "the signed list of this release has no $archive_name.tar.gz" "take a version that it has: $(versions_listed)"
}

versions_listed() {
  sed -n "s/^.*status-panel-\(.*\)-linux-$arch\.tar\.gz\$/\1/p" "$work/SHA256SUMS" | tr '\n' ' '
}

# signed_by KEY FILE: whether FILE.sig is KEY's Ed25519 signature over exactly the bytes of FILE.
signed_by() {
  if [ "$verifier" = openssl ]; then
    openssl base64 -d -A <"$work/$2.sig" >"$work/signature" 2>/dev/null || return 1
    openssl pkey -pubin -in "$work/$1" -noout -text 2>/dev/null | grep -qi ed25519 || return 1
    openssl pkeyutl -verify -pubin -inkey "$work/$1" -rawin -in "$work/$2" -sigfile "$work/signature" >/dev/null 2>&1
  else
    "$work/node" -e '
      const { readFileSync } = require("node:fs");
      const { createPublicKey, verify } = require("node:crypto");
      const [key, file] = process.argv.slice(1);
      const publicKey = createPublicKey(readFileSync(key));
      const signature = Buffer.from(readFileSync(file + ".sig", "latin1"), "base64");
      const good = publicKey.asymmetricKeyType === "ed25519" && verify(null, readFileSync(file), publicKey, signature);
      process.exit(good ? 0 : 1);
    ' "$work/$1" "$work/$2" >/dev/null 2>&1
  fi
}

# Without OpenSSL 3 the release's own Node verifies, and is itself known by its hash, which stands in this script.
unpack_verifier() {
  [ "$version" = "$newest_version" ] ||
    fail 15 "version $version can be verified only with OpenSSL 3 or newer" "install OpenSSL 3, or leave --version out"
  fetch "$archive_name.tar.gz"
  tar -xzOf "$work/$archive_name.tar.gz" "$archive_name/bin/node" >"$work/node" 2>"$work/log" ||
    not_verified "$archive_name.tar.gz cannot be read"
  [ "$(sum_of "$work/node")" = "$node_sha256" ] || not_verified "the Node in $archive_name.tar.gz is not the one this installer knows"
  chmod 700 "$work/node"
}

fetch_archive() {
  [ -e "$work/$archive_name.tar.gz" ] || fetch "$archive_name.tar.gz"
  [ "$(sum_of "$work/$archive_name.tar.gz")" = "$archive_sum" ] ||
    not_verified "$archive_name.tar.gz has not the hash that the signed list says"
}

# --- Changing ---

install_docker_engine() {
  [ "$docker_missing" = 1 ] || return 0
  confirm "Docker is missing. Install the package docker.io?"
  began=1
  DEBIAN_FRONTEND=noninteractive
  export DEBIAN_FRONTEND
  say docker "installing the package docker.io; this takes a minute"
  apt-get update -q >"$work/log" 2>&1 && apt-get install -y -q docker.io >"$work/log" 2>&1 ||
    fail 16 "Docker could not be installed: $(last_words)" "install it by hand, then run the same line again"
  tries=0
  until docker_answers; do
    tries=$((tries + 1))
    [ "$tries" -lt 30 ] || fail 16 "Docker is installed but does not answer" "look at \"systemctl status docker\""
    sleep 1
  done
  docker_group_of_socket
  changed docker "installed; it stays when status-panel is removed"
}

# Every name, mode, owner and content below a folder: what "unchanged" means.
fingerprint_of() {
  (
    cd "$1" || exit 1
    find . ! -name .fingerprint -exec stat -c '%A %u:%g %n' {} + | sort
    find . -type f ! -name .fingerprint -exec $sum_program {} + | sort
  )
}

is_unchanged() {
  [ -e "$1/.fingerprint" ] || return 1
  { printf '%s\n' "$archive_sum" && fingerprint_of "$1"; } | cmp -s - "$1/.fingerprint"
}

install_version() {
  version_folder=$home/versions/$version
  if is_unchanged "$version_folder"; then
    say kept "$version_folder"
    return 0
  fi
  fetch_archive
  began=1
  must "make $home" mkdir -p -m 755 "$home" "$home/versions"
  must "make $home readable" chmod 755 "$home" "$home/versions"
  rm -rf "$home/versions"/.new.*
  fresh_folder=$home/versions/.new.$$
  must "make $fresh_folder" mkdir "$fresh_folder"
  must "unpack $archive_name.tar.gz" tar -xzf "$work/$archive_name.tar.gz" -C "$fresh_folder" --no-same-owner
  unpacked=$fresh_folder/$archive_name
  must "set the owner of $unpacked" chown -R 0:0 "$unpacked"
  must "set the modes of $unpacked" chmod -R u=rwX,go=rX "$unpacked"
  found=$("$unpacked/bin/status-panel" version 2>&1)
  [ "$(printf '%s\n' "$found" | sed -n 1p)" = "status-panel $version" ] ||
    fail 24 "the program does not run here: $found" "tell whoever runs $server_url"
  print_now=$(fingerprint_of "$unpacked")
  printf '%s\n%s\n' "$archive_sum" "$print_now" >"$unpacked/.fingerprint"
  must "set the mode of $unpacked/.fingerprint" chmod 644 "$unpacked/.fingerprint"
  # "status-panel update" brings versions without a fingerprint.
  if [ -e "$version_folder" ] && [ "$(fingerprint_of "$version_folder")" = "$print_now" ]; then
    must "write the fingerprint of $version_folder" mv "$unpacked/.fingerprint" "$version_folder/.fingerprint"
    rm -rf "$fresh_folder"
    say kept "$version_folder"
    return 0
  fi
  sync
  word=unpacked
  if [ -e "$version_folder" ]; then
    word=repaired
    must_restart=1
    must "move the damaged $version_folder away" mv "$version_folder" "$fresh_folder/damaged"
  fi
  must "move $version_folder into place" mv "$unpacked" "$version_folder"
  rm -rf "$fresh_folder"
  changed "$word" "$version_folder"
}

ensure_user() {
  if id "$agent_user" >/dev/null 2>&1; then
    say kept "user $agent_user"
    return 0
  fi
  began=1
  shell=/usr/sbin/nologin
  [ -x "$shell" ] || shell=/sbin/nologin
  group=--user-group
  ! grep -q "^$agent_user:" /etc/group || group="--gid $agent_user"
  must "make the user $agent_user" useradd --system $group --no-create-home --home-dir "$state" --shell "$shell" "$agent_user"
  changed user "$agent_user"
}

# ensure_folder PATH MODE OWNER:GROUP
ensure_folder() {
  if [ ! -d "$1" ]; then
    must "make $1" mkdir -p -m "$2" "$1"
    must "set the owner of $1" chown "$3" "$1"
    changed folder "$1"
  fi
  ensure_mode "$1" "$2" "$3"
}

ensure_mode() {
  [ "$(stat -c '%a %U:%G' "$1")" != "$2 $3" ] || return 0
  must "set the owner of $1" chown "$3" "$1"
  must "set the mode of $1" chmod "$2" "$1"
  changed repaired "owner and mode of $1"
}

# put NEW PATH MODE OWNER:GROUP: the file is there as NEW says, replaced in one step when it is not.
put() {
  if [ -f "$2" ] && [ ! -L "$2" ] && cmp -s "$1" "$2"; then
    ensure_mode "$2" "$3" "$4"
    return 0
  fi
  must "write $2" cp "$1" "$2.new"
  must "set the owner of $2" chown "$4" "$2.new"
  must "set the mode of $2" chmod "$3" "$2.new"
  word=written
  [ ! -e "$2" ] || word=replaced
  must "put $2 into place" mv -f "$2.new" "$2"
  changed "$word" "$2"
}

configure() {
  ensure_folder "$config" 750 "root:$agent_user"
  ensure_folder "$state" 700 "$agent_user:$agent_user"
  # What an uninstallation left belongs to root meanwhile.
  if [ -n "$(find "$state" ! -user "$agent_user" 2>/dev/null | sed -n 1p)" ]; then
    must "give $state to $agent_user" chown -R "$agent_user:$agent_user" "$state"
    changed repaired "owner of what is in $state"
  fi
  before=$changes
  [ ! -e "$config/egress-proxy" ] || egress_proxy=1
  if [ -n "$ca_file" ]; then put "$ca_file" "$config/ca.pem" 640 "root:$agent_user"; fi
  if [ ! -e "$config/config.json" ]; then printf '{}\n' >"$work/config.json"; else cat "$config/config.json" >"$work/config.json"; fi
  if [ -n "$ca_file" ]; then
    must "add ca_file to $config/config.json" "$version_folder/bin/node" -e '
      const { readFileSync, writeFileSync } = require("node:fs");
      const [path, authorities] = process.argv.slice(1);
      const settings = JSON.parse(readFileSync(path, "utf8"));
      if (settings.ca_file !== authorities)
        writeFileSync(path, JSON.stringify({ ...settings, ca_file: authorities }, undefined, 2) + "\n");
    ' "$work/config.json" "$config/ca.pem"
  fi
  put "$work/config.json" "$config/config.json" 640 "root:$agent_user"
  if [ -n "$proxies" ]; then
    if [ -e "$config/environment" ]; then grep -v -e '^[A-Z]*_PROXY=' "$config/environment"; fi >"$work/environment"
    printf '%s' "$proxies" >>"$work/environment"
    put "$work/environment" "$config/environment" 640 "root:$agent_user"
  fi
  if [ "$egress_proxy" = 1 ] && [ -n "$server_url" ]; then
    vault=$(sed -n 's/^.*"vault_address": *"\([^"]*\)".*$/\1/p' "$work/config.json")
    {
      printf 'CONTROL_PLANE=%s\n' "$(host_and_port "$server_url")"
      printf 'VAULT=%s\n' "$(host_and_port "${vault:-http://127.0.0.1:8200}")"
    } >"$work/egress-proxy"
    put "$work/egress-proxy" "$config/egress-proxy" 640 "root:$agent_user"
  fi
  [ "$changes" = "$before" ] || must_restart=1
}

# The one place that the agent's way out leads to, of an address. systemd-socket-proxyd takes what follows the last colon for the port, and resolves no brackets.
host_and_port() {
  authority=${1#*://}
  authority=${authority%%/*}
  case $1 in https:*) port=443 ;; *) port=80 ;; esac
  case $authority in
    *]:* | [!\[]*:*) port=${authority##*:} authority=${authority%:*} ;;
  esac
  authority=${authority#\[}
  printf '%s:%s' "${authority%]}" "$port"
}

as_agent() {
  if have runuser; then
    runuser -u "$agent_user" -- "$@"
  else
    setpriv --reuid "$agent_user" --regid "$agent_user" --init-groups -- "$@"
  fi
}

# agent SUBCOMMAND FLAGS…: the program as the user it will run as, with the purchase token on its standard input.
agent() {
  subcommand=$1
  shift
  printf '%s\n' "$purchase_token" |
    as_agent "$version_folder/bin/status-panel" "$subcommand" --config "$config/config.json" --state-directory "$state" "$@" \
      >"$work/said" 2>"$work/log"
}

register() {
  if [ -z "$purchase_token" ]; then
    say kept "identity in $state"
    return 0
  fi
  before=$(sum_of "$state/identity.json" 2>/dev/null)
  agent register --token-stdin --stack-id "$stack_id" --server "$server_url"
  case $? in
    0) ;;
    69) fail 14 "the control plane cannot be reached to register: $(last_words)" "check that this server reaches $server_url, then run the same line again" ;;
    *) fail 17 "the control plane did not register this server: $(last_words)" "ask the seller if the reason does not help, then run the same line again" ;;
  esac
  word=$(sed -n 1p "$work/said")
  if [ "$before" = "$(sum_of "$state/identity.json")" ]; then say kept "identity: ${word#already registered: }"
  else
    must_restart=1
    changed registered "${word#registered: }"
  fi
}

fetch_stack() {
  [ -n "$purchase_token" ] || return 0
  before=$(readlink "$state/stack" 2>/dev/null)
  if agent fetch-stack --token-stdin --server "$server_url"; then
    word=$(sed -n 1p "$work/said")
    if [ "$before" = "$(readlink "$state/stack" 2>/dev/null)" ]; then say stack "$word"; else changed stack "$word"; fi
  elif [ -n "$before" ]; then
    say kept "stack archive as it is; it could not be fetched again: $(last_words)"
  else
    fail 23 "the stack archive cannot be had: $(last_words)" "run the same line again; if it stays so, ask the seller"
  fi
}

# Names of the units and drop-ins of a version that belong on this host, relative to the unit folder.
wanted_units() {
  (
    cd "$version_folder/systemd" || exit 1
    for file in *.service *.socket *.path *.timer *.d/*.conf egress-proxy/* egress-proxy/*.d/*.conf; do
      [ -f "$file" ] || continue
      case $file in
        egress-proxy/*) [ "$egress_proxy" = 1 ] || continue ;;
      esac
      # 10-v254.conf is for systemd 254 and newer.
      least=$(printf '%s\n' "$file" | sed -n 's/^.*-v\([0-9]*\)\.conf$/\1/p')
      [ -z "$least" ] || [ "$systemd_version" -ge "$least" ] || continue
      printf '%s\n' "$file"
    done
  )
}

# Every name that any installed version has brought, wanted here or not.
known_units() {
  {
    for folder in "$home"/versions/*/systemd; do
      [ ! -d "$folder" ] || (cd "$folder" && find . -type f | sed -e 's|^\./||' -e 's|^egress-proxy/||')
    done
    printf '%s\n' "$service" "$service.d/50-docker-group.conf"
  } | sort -u
}

install_units() {
  mkdir -p "$work/units-before"
  (cd "$unit_folder" && known_units | while read -r unit; do
    [ ! -f "$unit" ] || { mkdir -p "$work/units-before/$(dirname "$unit")" && cp -p "$unit" "$work/units-before/$unit"; }
  done)
  before=$changes
  wanted_units >"$work/units"
  while read -r file; do
    unit=${file#egress-proxy/}
    case $unit in
      */*) must "make $unit_folder/${unit%/*}" mkdir -p -m 755 "$unit_folder/${unit%/*}" ;;
    esac
    put "$version_folder/systemd/$file" "$unit_folder/$unit" 644 root:root
  done <"$work/units"
  if [ "$docker_group" != docker ]; then
    must "make $unit_folder/$service.d" mkdir -p -m 755 "$unit_folder/$service.d"
    printf '# Whom the Docker socket belongs to on this host.\n[Service]\nSupplementaryGroups=\nSupplementaryGroups=%s\n' "$docker_group" >"$work/group"
    put "$work/group" "$unit_folder/$service.d/50-docker-group.conf" 644 root:root
    echo "$service.d/50-docker-group.conf" >>"$work/units"
  fi
  known_units >"$work/known"
  while read -r unit; do
    [ -f "$unit_folder/$unit" ] || continue
    ! sed 's|^egress-proxy/||' "$work/units" | grep -qxF "$unit" || continue
    must "remove $unit_folder/$unit" rm -f "$unit_folder/$unit"
    changed removed "$unit_folder/$unit"
  done <"$work/known"
  [ "$changes" = "$before" ] || must_restart=1
  must "have systemd read its units" systemctl daemon-reload
}

# link TARGET PATH, in one step.
link() {
  [ "$(readlink "$2" 2>/dev/null)" != "$1" ] || return 0
  must "make the link $2" ln -sfn "$1" "$2.new"
  must "put the link $2 into place" mv -fT "$2.new" "$2"
  changed linked "$2 -> $1"
}

start_service() {
  if [ "$previous" != "versions/$version" ]; then
    must_restart=1
    switched=1
  fi
  link "versions/$version" "$home/current"
  must "make ${command_link%/*}" mkdir -p -m 755 "${command_link%/*}"
  link "$home/current/bin/status-panel" "$command_link"
  while read -r file; do
    unit=${file#egress-proxy/}
    grep -q '^\[Install\]' "$unit_folder/$unit" || continue
    if ! systemctl is-enabled --quiet "$unit" 2>/dev/null; then
      must "enable $unit" systemctl enable "$unit"
      changed enabled "$unit"
    fi
    # The service itself comes last.
    [ "$unit" = "$service" ] || systemctl is-active --quiet "$unit" || must "start $unit" systemctl start "$unit"
  done <"$work/units"
  if [ "$must_restart" = 1 ] || ! systemctl is-active --quiet "$service"; then
    word=started
    [ "$was_active" = 0 ] || word=restarted
    if ! systemctl restart "$service" >"$work/log" 2>&1; then not_ready "systemd could not start it: $(last_words)"; fi
    changed "$word" "$service"
  fi
}

# The agent itself says since when the control plane has accepted its polls; the process must be the one that systemd started.
is_ready() {
  pid=$(systemctl show -p MainPID "$service" 2>/dev/null)
  as_agent "$version_folder/bin/status-panel" status --config "$config/config.json" --state-directory "$state" >"$work/status" 2>&1
  case $(sed -n 's/^process  *//p' "$work/status") in
    "${pid#MainPID=}, version $version,"*", ready since "*) return 0 ;;
  esac
  return 1
}

wait_until_ready() {
  waited=0
  until is_ready; do
    [ "$waited" -lt "$ready_deadline_seconds" ] || not_ready "the control plane has not accepted it within $ready_deadline_seconds s"
    sleep 1
    waited=$((waited + 1))
  done
}

not_ready() {
  { sed 's/^/  /' "$work/status" 2>/dev/null && journalctl -u "$service" -n 8 --no-pager -o cat 2>/dev/null | sed 's/^/  /'; } >&2
  [ "$fresh" = 1 ] || fail 18 "version $version was started, but $1" "read \"journalctl -u status-panel\" for the reason"
  # A first installation stays: it goes on trying, and its journal says why it cannot.
  began=0
  fail 18 "the service is installed, but $1" "read \"journalctl -u status-panel\"; it goes on trying unless you remove it"
}

# Newest and previous stay, for a way back. The updater runs by the last version that was seen to work.
forget_old_versions() {
  link "versions/$version" "$home/last-good"
  for folder in "$home"/versions/*; do
    case ${folder##*/} in
      "$version" | "${previous#versions/}") ;;
      *) [ -n "$previous" ] && [ "$previous" != "versions/$version" ] && rm -rf "$folder" && say removed "$folder" ;;
    esac
  done
}

# After a failure: a host that had nothing has nothing again, and one that had an agent runs that agent.
take_back() {
  if [ "$began" = 0 ]; then
    return 0
  fi
  began=0
  if [ "$fresh" = 1 ]; then
    purge=1
    remove_all >/dev/null 2>&1
    say "taken back" "what this run had put on this server"
    return 0
  fi
  if [ -d "$work/units-before" ]; then
    (cd "$work/units-before" && find . -type f | while read -r unit; do
      cmp -s "$unit" "$unit_folder/$unit" || cp -p "$unit" "$unit_folder/$unit"
    done)
    known_units | while read -r unit; do
      [ -e "$unit_folder/$unit" ] && [ ! -e "$work/units-before/$unit" ] || continue
      case $unit in
        */*) ;;
        *) systemctl disable --now "$unit" </dev/null ;;
      esac
      rm -f "$unit_folder/$unit"
    done
    systemctl daemon-reload
  fi
  if [ "$switched" = 1 ] && [ -n "$previous" ]; then
    ln -sfn "$previous" "$home/current.new" && mv -fT "$home/current.new" "$home/current"
    [ "$was_active" = 0 ] || systemctl restart "$service"
  fi
  say "taken back" "${previous:+version ${previous#versions/} is in place as before}"
}

# --- Removing ---

remove_all() {
  known_units >"$work/known"
  if have systemctl && [ -d /run/systemd/system ]; then
    # In this order nothing that is stopped is started again by another one: "-" sorts before ".".
    for unit in $(grep -v '/' "$work/known" | sort); do
      [ ! -e "$unit_folder/$unit" ] || systemctl disable --now "$unit" >"$work/log" 2>&1
    done
  fi
  while read -r unit; do
    [ -e "$unit_folder/$unit" ] || continue
    rm -f "$unit_folder/$unit" && say removed "$unit_folder/$unit"
    case $unit in
      */*) rmdir "$unit_folder/${unit%/*}" 2>/dev/null ;;
    esac
  done <"$work/known"
  if have systemctl && [ -d /run/systemd/system ]; then
    systemctl daemon-reload
    systemctl reset-failed "$service" 2>/dev/null
  fi
  case $(readlink "$command_link" 2>/dev/null) in
    "$home"/*) rm -f "$command_link" && say removed "$command_link" ;;
  esac
  remove_state
  for folder in "$home" "$config"; do
    [ ! -e "$folder" ] || { rm -rf "$folder" && say removed "$folder"; }
  done
  remove_user
}

remove_state() {
  [ -d "$state" ] || return 0
  users=$(docker -H "unix://$docker_socket" ps -q --filter "label=com.docker.compose.project.working_dir=$state/stack" 2>/dev/null)
  if [ "$purge" = 1 ]; then
    [ -z "$users" ] || say note "containers that were started from $state/stack lose their files"
    rm -rf "$state" && say removed "$state"
    return 0
  fi
  for file in "$state"/* "$state"/.[!.]*; do
    case ${file##*/} in
      identity.json | journal.db | journal.db-wal | journal.db-shm) ;;
      stack | stacks) [ -n "$users" ] || rm -rf "$file" ;;
      *) rm -rf "$file" ;;
    esac
  done
  [ -z "$users" ] || say kept "$state/stack: containers of this server were started from it"
  # The number of the user that goes may be given to another one.
  chown -R 0:0 "$state"
  say kept "$state: identity and journal, for a later installation; --purge removes them"
}

# Only the user that this installer makes has the state folder for its home.
remove_user() {
  grep -q "^$agent_user:[^:]*:[^:]*:[^:]*:[^:]*:$state:" /etc/passwd || return 0
  userdel "$agent_user" >"$work/log" 2>&1 && say removed "user $agent_user"
  ! grep -q "^$agent_user:" /etc/group || groupdel "$agent_user" 2>/dev/null
}

uninstall() {
  if [ ! -e "$home" ] && [ ! -e "$unit_folder/$service" ] && { [ "$purge" = 0 ] || [ ! -e "$state" ]; }; then
    say "no change" "status-panel is not installed"
    return 0
  fi
  if [ "$dry_run" = 1 ]; then
    say would "stop $service; remove its units, $command_link, $home, $config and the user $agent_user"
    if [ "$purge" = 1 ]; then say would "remove $state with identity and journal"; else say would "keep identity and journal in $state"; fi
    return 0
  fi
  [ "$purge" = 0 ] || confirm "Remove status-panel with its identity and its journal of commands?"
  remove_all
  say uninstalled "status-panel"
}

# --- What happens, in order ---

plan() {
  say would "download, verify and unpack $archive_name.tar.gz to $home/versions/$version, unless it is there"
  [ "$docker_missing" = 0 ] || say would "install the package docker.io"
  say would "make the user $agent_user, $config and $state, and units in $unit_folder, where they are missing or differ"
  [ -z "$proxies" ] || say would "keep the proxies of this shell for the service in $config/environment"
  if [ -n "$purchase_token" ]; then say would "register with $server_url for stack $stack_id and fetch its archive, unless that is done"; fi
  say would "link $home/current and $command_link, enable and start $service, and wait for its first accepted poll"
  say "no change" "this was a dry run"
}

install() {
  say system "${os_name:-Linux}, $arch, systemd $systemd_version, downloads by $fetcher, signatures by $verifier"
  look_at_docker
  look_at_places
  read_proxies
  verify_release
  if [ "$dry_run" = 1 ]; then
    plan
    return 0
  fi
  say verified "status-panel $version: the root key vouches for its list of hashes"
  install_docker_engine
  install_version
  ensure_user
  began=1
  configure
  register
  fetch_stack
  install_units
  start_service
  wait_until_ready
  forget_old_versions
  if [ "$changes" = 0 ]; then
    say "no change" "status-panel $version is installed, and the control plane accepts it"
  else
    say installed "status-panel $version: the control plane accepts this agent"
  fi
  printf '\n  %s\n  %s\n  %s\n' 'sudo status-panel status              is it well?' \
    'journalctl -u status-panel -f         what is it doing?' 'sudo status-panel uninstall           remove it'
}

read_words "$@"
if [ "$mode" = help ]; then
  show_help
  exit 0
fi
trap clean_up EXIT
trap 'fail 129 "interrupted" "run the same line again"' HUP
trap 'fail 130 "interrupted" "run the same line again"' INT
trap 'fail 143 "interrupted" "run the same line again"' TERM
fetcher=wget
! have curl || fetcher=curl
verifier=openssl
if [ "$mode" = install ]; then look_at_system; else archive_space_kib=1024; fi
become_root "$@"
cd /
[ "$is_root" = 0 ] || take_lock
make_work_folder
"$mode"
}
main "$@"; exit $?; }
