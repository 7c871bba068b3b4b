#!/bin/sh
# Installs what building and testing need, on Debian, when something is missing.
# install.sh build | demo | check | ci
set -eu
need_build="build-essential pkg-config libyaml-dev libcurl4-openssl-dev libjansson-dev libmariadb-dev libmariadb3 libgit2-dev libsqlite3-dev libssl-dev"
need_demo="git mariadb-client curl"
need_check="python3 python3-pymysql libcriterion-dev clang clang-format libclang-rt-14-dev pmccabe openssl jq binutils procps zsh fish mandoc"
need_ci="nodejs npm"
command -v npm >/dev/null && need_ci= # not from Debian, then
case ${1:-build} in
build) want="$need_build" ;;
demo) want="$need_build $need_demo" ;;
check) want="$need_build $need_demo $need_check" ;;
ci) want="$need_build $need_demo $need_check $need_ci" ;;
*) echo "install.sh build | demo | check | ci" >&2; exit 64 ;;
esac
missing=
for p in $want; do
    dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing="$missing $p"
done
[ -n "$missing" ] || exit 0
install="apt-get install -y --no-install-recommends$missing"
echo "installing:$missing"
if [ "$(id -u)" = 0 ]; then
    sudo=
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    sudo=sudo
else
    echo "these packages are missing; install them, then run this again:" >&2
    echo "  apt-get update && $install" >&2
    exit 1
fi
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get update -qq >/dev/null
$sudo $install -qq >/dev/null
echo "installed"
