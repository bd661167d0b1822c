# What runs on a host, as root, for as long as one line to it lasts. It is the same for every call.
#
# A request is its verb, the number of its arguments, each argument on a line of its own, and `go`.
# An answer is lines that begin with `= `, and one that begins with `. `: `ok`, or `no` and a word.
# Values are only ever arguments: nothing that came over the line is ever taken for a command.
# Every write happens under one lock, and only to an account that is as it was when it was looked at.
PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
export PATH LC_ALL
umask 077
kept=/var/lib/tenure/retired-uids

tell() { printf '= %s\n' "$1"; }
ok() { printf '. ok\n'; }
no() { printf '. no %s\n' "$1"; }
have() { command -v "$1" >/dev/null 2>&1; }

# Runs a tool; where it fails, says with which code and hands on its first words.
run() {
  said=$("$@" </dev/null 2>&1 9>&-) && return 0
  code=$?
  printf '%s\n' "$said" | head -n 3 | while IFS= read -r line; do tell "said $line"; done
  no "failed $1 $code"
  return 1
}

# Does something while nobody else writes (`-x`) or while nobody writes at all (`-s`).
alone() {
  how=$1
  shift
  {
    if flock "$how" -w 20 9; then "$@"; else no busy && false; fi
  } 9>>/run/tenure-hosts.lock
}

ready() {
  for tool in useradd usermod userdel gpasswd chpasswd chage getent flock setpriv timeout stat; do
    have "$tool" || tell "missing $tool"
  done
  case $(readlink -f "$(command -v useradd)") in *busybox*) tell "missing useradd" ;; esac
  tell "uid $(id -u)"
  ok
}

facts() {
  while IFS='=' read -r key value; do
    [ "$key" = PRETTY_NAME ] && tell "os $value"
  done 2>/dev/null </etc/os-release
  sshd=$(sshd -T -C user=root,host=localhost,addr=127.0.0.1 2>/dev/null </dev/null) && printf '%s\n' "$sshd" |
    while read -r key value; do
      case $key in authorizedkeysfile | authorizedkeyscommand | trustedusercakeys) tell "sshd $key $value" ;; esac
    done
  ok
}

# The line of an account without its password, as it is handed on and compared.
people() {
  while IFS=: read -r name skip uid gid gecos home shell || [ -n "$name" ]; do
    [ -n "$name" ] && printf '= p %s:%s:%s:%s:%s:%s\n' "$name" "$uid" "$gid" "$gecos" "$home" "$shell"
  done </etc/passwd
}

lock_of() {
  case $1 in '!' | '!!') lock=bare ;; '!'*) lock=locked ;; '') lock=open ;; *) lock=set ;; esac
}

look() {
  [ -r /etc/passwd ] && [ -r /etc/shadow ] && [ -r /etc/group ] || { no unread; return; }
  tell "day $(($(date +%s) / 86400))"
  while read -r key value skip; do
    case $key in UID_MIN | UID_MAX) tell "$key $value" ;; esac
  done 2>/dev/null </etc/login.defs
  people
  while IFS=: read -r name hash changed least most warned idle expires skip || [ -n "$name" ]; do
    lock_of "$hash"
    [ -n "$name" ] && printf '= s %s:%s:%s\n' "$name" "$lock" "$expires"
  done </etc/shadow
  while IFS=: read -r name skip gid members || [ -n "$name" ]; do
    [ -n "$name" ] && printf '= g %s:%s:%s\n' "$name" "$gid" "$members"
  done </etc/group
  for file in /etc/sudoers /etc/sudoers.d/*; do
    case ${file##*/} in *.* | *~) continue ;; esac
    [ -f "$file" ] || continue
    while read who rest || [ -n "$who" ]; do
      case $who in
        '#'[0-9]*) tell "r $who" ;;
        '' | '#'* | '@'* | Defaults* | Runas_Alias | Host_Alias | Cmnd_Alias | Cmd_Alias) ;;
        User_Alias) tell "r ${rest#*=}" ;;
        *) tell "r $who ${rest%%=*}" ;;
      esac
    done <"$file"
  done
  [ -f "$kept" ] && while read -r uid; do tell "x $uid"; done <"$kept"
  ok
}

# Whether the account still is as it was looked at.
same() {
  people | while IFS= read -r line; do [ "$line" = "= p $1" ] && exit 3; done
  [ $? -eq 3 ] && return 0
  no stale
  return 1
}

# Whether somebody has this uid, perhaps in a directory that the host asks, or once had it.
taken() { getent passwd "$1" >/dev/null || { [ -f "$kept" ] && grep -qx "$1" "$kept"; }; }

# login, comment, shell, home, the first uid and the last that it may get
create() {
  getent passwd "$1" >/dev/null && { no exists; return; }
  [ -z "$3" ] || [ -x "$3" ] || { no shell; return; }
  uid=$5
  while taken "$uid"; do
    [ "$uid" -lt "$6" ] || { no uid; return; }
    uid=$((uid + 1))
  done
  base=$(useradd -D | while IFS='=' read -r key value; do [ "$key" = HOME ] && printf %s "$value"; done)
  home=${4:-${base:-/home}/$1}
  [ -e "$home" ] || [ -L "$home" ] && { no home; return; }
  # `*` is no password that anybody has; `!` would also keep keys out where PAM is not asked.
  run useradd -m -u "$uid" -c "$2" -p '*' ${3:+-s "$3"} ${4:+-d "$4"} -- "$1" && ok
}

# login, line, comment, and a shell if it gets another
change() {
  [ -z "$4" ] || [ -x "$4" ] || { no shell; return; }
  same "$2" && run usermod -c "$3" ${4:+-s "$4"} -- "$1" && ok
}

# login, line. A locked password alone stops no key, so the account expires as well.
lock() {
  same "$2" && run usermod -L -e 1 -- "$1" && ok
}

# login, line
unlock() {
  same "$2" || return
  unlock=
  while IFS=: read -r name hash skip; do
    lock_of "$hash"
    [ "$name" = "$1" ] && [ "$lock" = locked ] && unlock=-U
  done </etc/shadow
  run usermod $unlock -e '' -- "$1" && ok
}

# login, line, group, its number
join() { same "$2" && of "$3" "$4" && run gpasswd -a "$1" "$3" && ok; }
leave() { same "$2" && of "$3" "$4" && run gpasswd -d "$1" "$3" && ok; }

# Whether the group still has this number.
of() {
  while IFS=: read -r name skip gid rest; do [ "$name:$gid" = "$1:$2" ] && return 0; done </etc/group
  no stale
  return 1
}

# login, line, password, whether it must be changed, whether the account is locked
password() {
  same "$2" || return
  said=$(printf '%s:%s\n' "$1" "$3" | chpasswd 2>&1 9>&-) || { no "failed chpasswd $?"; return; }
  [ "$5" = no ] || run usermod -L -- "$1" || return
  [ "$4" = no ] || run chage -d 0 -- "$1" || return
  ok
}

# login, line, uid, what becomes of the home folder
delete() {
  same "$2" && run usermod -L -e 1 -- "$1" || return
  quell "$3" || { no alive; return; }
  mkdir -p "${kept%/*}" && printf '%s\n' "$3" >>"$kept" || { no unkept; return; }
  have crontab && crontab -r -u "$1" >/dev/null 2>&1 </dev/null 9>&-
  have loginctl && loginctl disable-linger "$1" >/dev/null 2>&1 </dev/null 9>&-
  if [ "$4" = remove ]; then run userdel -r -- "$1" || return; else run userdel -- "$1" || return; fi
  ok
}

# The processes of a uid that are alive: number, session, when begun and name of each.
processes() {
  ticks=$(getconf CLK_TCK 2>/dev/null) || ticks=100
  booted=$(sed -n 's/^btime //p' /proc/stat)
  for folder in /proc/[0-9]*; do
    mine=
    while read -r key real effective saved skip; do
      case $key in
        Uid:) case " $real $effective $saved " in *" $1 "*) mine=yes ;; esac; break ;;
      esac
    done 2>/dev/null <"$folder/status"
    [ -n "$mine" ] || continue
    # A process names itself, also with a line's end or a bracket in it.
    all=$(cat "$folder/stat" 2>/dev/null) || continue
    name=${all#*(}
    name=${name%)*}
    case $name in *[![:print:]]*) name='?' ;; esac
    set -- "$1" ${all##*) }
    case $2 in Z | X) continue ;; esac
    # When it began, from the start of the machine on.
    printf '%s %s %s %s\n' "${folder#/proc/}" "$5" "$((booted + ${21} / ticks))" "$name"
  done
}

sessions() {
  processes "$1" | while IFS= read -r line; do tell "t $line"; done
  ok
}

# Ends everything that runs as a uid: first asks, then kills, and looks again.
quell() {
  [ -d /run/systemd/system ] && have loginctl && loginctl terminate-user "$1" >/dev/null 2>&1 </dev/null 9>&-
  round=0
  while [ "$round" -lt 40 ]; do
    numbers=$(processes "$1" | while read -r number skip; do printf '%s ' "$number"; done)
    [ -n "$numbers" ] || return 0
    if [ "$round" -eq 0 ]; then kill -TERM $numbers; elif [ "$round" -gt 8 ]; then kill -KILL $numbers; fi 2>/dev/null
    round=$((round + 1))
    sleep 0.2
  done
  return 1
}

quiet() { if quell "$1"; then ok; else no alive; fi; }

# A file of keys may be in a folder of the account, where a link could lead anywhere: so whatever
# is done to it is done with no more rights than the account has.
as() { timeout 10 setpriv "--reuid=$1" "--regid=$2" --clear-groups -- sh -c "$3" sh "$4"; }

# uid, gid, and the files
keys() {
  uid=$1 gid=$2
  shift 2
  for file in "$@"; do
    said=$(as "$uid" "$gid" 'if [ -f "$1" ] && [ -r "$1" ]; then head -c 1048576 -- "$1"; fi' "$file" </dev/null)
    code=$?
    [ "$code" -eq 0 ] || { no "failed setpriv $code"; return; }
    printf '%s\n' "$said" | while IFS= read -r line; do tell "k $line"; done
  done
  ok
}

# uid, gid, the number of files, the files, and the lines to take out of them, one by one
unkey() {
  uid=$1 gid=$2 count=$3
  shift 3
  files=
  while [ "$count" -gt 0 ]; do
    files="$files$1
"
    shift
    count=$((count - 1))
  done
  lines=$(printf '%s\n' "$@")
  while IFS= read -r file; do
    [ -n "$file" ] || continue
    printf '%s\n' "$lines" | as "$uid" "$gid" '
      [ -e "$1" ] || exit 0
      [ -f "$1" ] && kept=$(cat -- "$1" && printf .) && ended=$(cat) && chmod u+w "${1%/*}" || exit 1
      printf %s "${kept%.}" | grep -vxF -e "$ended" >"$1.tenure"
      [ $? -le 1 ] && mv -f -- "$1.tenure" "$1"' "$file" >/dev/null 2>&1 9>&- || { no "failed setpriv $?"; return; }
  done <<FILES
$files
FILES
  ok
}

printf 'tenure-hosts 1\n'
while IFS= read -r verb && IFS= read -r count; do
  set --
  while [ "$count" -gt 0 ] && IFS= read -r line; do
    set -- "$@" "$line"
    count=$((count - 1))
  done
  IFS= read -r last && [ "$last" = go ] || exit 1
  case $verb in
    ready | facts | sessions | keys) "$verb" "$@" ;;
    look) alone -s look ;;
    see_create | see_transfer | see_archive | see_drive | see_drives) apart -s "$verb" "$@" ;;
    folder_create | folder_uncreate | folder_transfer | folder_return | folder_archive | folder_restore)
      apart -x "$verb" "$@"
      ;;
    drive_create | drive_uncreate | drive_transfer | drive_return | drive_archive | drive_restore) apart -x "$verb" "$@" ;;
    create | change | lock | unlock | join | leave | password | delete | quiet | unkey) alone -x "$verb" "$@" ;;
    *) no verb ;;
  esac
done
