# What is done with home folders; it runs as a part of `script.sh`, and so as root.
#
# Somebody else decides what is in a home folder: links, second names of files that are elsewhere,
# what is mounted there, what still runs. So a folder is first moved to where only root gets, looked
# over there, and touched only then; nothing is followed that leads out of it, and it is always
# renamed and never copied. What breaks off is found there by whoever comes next.
folders=/var/lib/tenure/folders
unset TAR_OPTIONS

# Holds off everybody who works on folders, and nobody who reads and writes accounts: it may be long.
apart() {
  how=$1
  shift
  {
    den=
    if flock "$how" -w 20 8; then "$@"; else no busy; fi 2>/dev/null
    [ "$how" = -s ] || tidy
  } 8>>/run/tenure-folders.lock
}

tools() {
  for tool in find tar mv ln chown sha256sum sort uniq wc readlink sync; do
    have "$tool" || { no "missing $tool"; return 1; }
  done
}

plain() { case $1 in *[!A-Za-z0-9._@+/-]* | *//* | */./* | */../* | */. | */.. | */ | [!/]* | '') return 1 ;; esac; }

# Whether only root decides what a path leads to.
rooted() {
  step=$1
  while :; do
    case $(stat -c '%u %A' -- "${step:-/}" 2>/dev/null) in 0' 'l* | 0' 'd????-??-?) ;; *) return 1 ;; esac
    [ -n "$step" ] || return 0
    step=${step%/*}
  done
}

# Where a path really is (`place`). What stands there is for the caller to look at.
settle() {
  plain "$1" || { no odd; return 1; }
  rooted "${1%/*}" && above=$(readlink -e -- "${1%/*}/") && rooted "${above%/}" || { no unrooted; return 1; }
  place=${above%/}/${1##*/}
  plain "$place" || { no odd; return 1; }
}

# What stands at a path itself: nothing, the number of a folder of this uid, or something else.
what() {
  found=$(stat -c '%u %F %i' -- "$1" 2>&1)
  case $found in
    "$2 directory "*) printf %s "${found##* }" ;;
    *'No such file or directory') printf none ;;
    *) printf other ;;
  esac
}

# Root's own folder beside the homes (`den`), on the same file system as this one.
room() {
  den=${place%/*}/.tenure
  mkdir -m 700 -- "$den" 2>/dev/null
  case $(stat -c '%u %a %F' -- "$den") in 0' '700' directory' | 0' '?700' directory') ;; *) den=; no den; return 1 ;; esac
  [ ! -e "$place" ] || [ "$(stat -c '%d %m' -- "$place")" = "$(stat -c '%d %m' -- "$den")" ] || { no apart; return 1; }
}

tidy() { [ -z "$den" ] || rmdir -- "$den" 2>/dev/null; }

mounted() {
  # There a blank is written as a number, so that it divides nothing.
  under=$(printf '%s\n' "$1" | sed 's/ /\\040/g')
  while read -r skip skip skip skip point rest; do
    case $point in "$under" | "$under"/*) return 0 ;; esac
  done </proc/self/mountinfo
  return 1
}

# Whether anybody has something open there: whoever does still gets at it wherever it is moved.
held() {
  open=$(find /proc/[0-9]*/cwd /proc/[0-9]*/root /proc/[0-9]*/fd -maxdepth 1 \
    \( -lname "$1" -o -lname "$1/*" \) -print -quit 2>/dev/null)
  [ -n "$open" ]
}

# Renames without ever following or replacing what stands at the new place, and looks.
carry() {
  mv -nT -- "$1" "$2" 2>/dev/null 8>&- 9>&-
  [ "$(stat -c %i -- "$2" 2>/dev/null)" = "$3" ]
}

# Whether a rename leads from the den to there; across a border `mv` would copy, and copies can be led astray.
near() {
  : >"$den/probe" && ln -T -- "$den/probe" "$1/.tenure-$$" 2>/dev/null && rm -f -- "$1/.tenure-$$"
  code=$?
  rm -f -- "$den/probe"
  [ "$code" -eq 0 ] || { no apart; return 1; }
}

# Takes a folder to where only root gets: line, whose line besides, who must run nothing, uid, path, number
claim() {
  same "$1" || return
  [ -z "$2" ] || same "$2" || return
  [ -z "$3" ] || [ -z "$(processes "$3")" ] || { no running; return 1; }
  grab "$5" "$den/$4" "$6" || { no "$flaw"; return 1; }
}

# Moves a folder to where only root gets, or says why not, in a word (`flaw`): from where, where to, number
grab() {
  flaw=held
  ! held "$1" || return
  flaw=mounted
  ! mounted "$1" || return
  carry "$1" "$2" "$3" && return
  # What came instead was put there under our hands.
  mv -nT -- "$2" "$1" 2>/dev/null
  flaw=unmoved
  return 1
}

# Why a folder that only root gets at is neither handed on nor packed, in a word (`flaw`).
sound() {
  flaw=held
  ! held "$1" || return
  flaw=mounted
  ! mounted "$1" || return
  flaw=unsearched
  odd=$(find -P "$1" -xdev \( -type b -o -type c -o -type f -perm /6000 \) -printf %y -quit 2>/dev/null) || return
  case $odd in b | c) flaw=device; return 1 ;; ?*) flaw=setuid; return 1 ;; esac
  # A file with more names than there are in here has one elsewhere, and would change there too.
  names=$(find -P "$1" -xdev ! -type d -links +1 -printf '%D:%i %n\n' 2>/dev/null) || return
  flaw=linked
  [ -z "$names" ] || printf '%s\n' "$names" | sort | uniq -c |
    while read -r here skip all; do [ "$here" -ge "$all" ] || exit 1; done
}

# Gives what is somebody's in a folder to somebody else: folder, uid, gid, uid, gid
give() {
  chown -RPh "--from=+$2" "+$4" "$1" && chown -RPh "--from=:+$3" ":+$5" "$1" || return
  left=$(find -P "$1" -xdev -uid "$2" -print -quit) && [ -z "$left" ]
}

# Puts a folder back where it was, and says why.
back() {
  if carry "$den/$1" "$2" "$3"; then tidy; no "$4"; else no stuck; fi
}

# Whether a folder was left on its way to somebody else.
underway() {
  gift=
  [ -f "$folders/$1" ] && read -r gift <"$folders/$1"
  [ -d "$den/$1" ] && [ "${gift##* }" = "$(stat -c %i -- "$den/$1")" ]
}

# uid, home, name
see_create() {
  settle "$2" || return
  home=$(what "$place" "$1")
  tell "home $home"
  case $home in none | other) ;; *) [ -z "$3" ] || tell "at $(what "$place/$3" "$1")" ;; esac
  ok
}

half() { for left in "$den/$1" "$den/$1.done" "$den/$1.back"; do [ ! -e "$left" ] || { tell "half ${left##*/}"; return; }; done; }

# uid, home, uid of the other, home of the other, name
see_transfer() {
  settle "$4" || return
  tell "at $(what "$place/$5" "$3")"
  settle "$2" || return
  tell "home $(what "$place" "$1")"
  den=${place%/*}/.tenure
  half "$1"
  [ -f "$folders/$1" ] && read -r gift <"$folders/$1" && tell "gift $gift"
  ok
}

# uid, home, folder of archives, name
see_archive() {
  settle "$2" || return
  tell "home $(what "$place" "$1")"
  den=${place%/*}/.tenure
  half "$1"
  [ "$(what "$3" 0)" != other ] || { no vault; return; }
  packed "$3/back-$4" && tell "half back"
  packed "$3/$4" && tell "at ${archive##*/}"
  ok
}

# login, line, uid, gid, home, name
folder_create() { settle "$5" && alone -x make "$@"; }

make() {
  same "$2" || return
  den=${place%/*}/.tenure
  [ -z "$(half "$3")" ] || { no half; return; }
  made=
  case $(what "$place" "$3") in
    other) no strange; return ;;
    none)
      made=yes
      mkdir -m 700 -- "$place" 2>/dev/null && chown -h "+$3:+$4" -- "$place" || { rmdir -- "$place" 2>/dev/null; no unmade; return; }
      ;;
  esac
  # In the folder of somebody else we have no more rights than they, so a link leads nowhere.
  if [ -z "$6" ] || as "$3" "$4" 'mkdir -m 700 -- "$1"' "$place/$6" </dev/null >/dev/null 2>&1 8>&- 9>&-; then ok; return; fi
  [ -z "$made" ] || rmdir -- "$place" 2>/dev/null
  if [ -e "$place/$6" ] || [ -L "$place/$6" ]; then no taken; else no unmade; fi
}

# login, line, uid, gid, home, name, whether the home folder was there
folder_uncreate() { settle "$5" && alone -x unmake "$@"; }

unmake() {
  same "$2" || return
  [ -z "$6" ] || as "$3" "$4" 'rmdir -- "$1"' "$place/$6" </dev/null >/dev/null 2>&1 8>&- 9>&- || { no filled; return; }
  [ "$7" = yes ] || rmdir -- "$place" 2>/dev/null || [ -n "$6" ] || { no filled; return; }
  ok
}

# login, line, uid, gid, home, and line, uid, gid and home of the other
folder_transfer() {
  tools && settle "$9" || return
  there=$place
  settle "$5" && room || return
  case $(what "$there" "$7") in none | other) no strange; return ;; esac
  [ "$(what "$there/from-$1" "$7")" = none ] || { no taken; return; }
  near "$there" || return
  if underway "$3"; then
    number=${gift##* }
    [ "${gift%% *}" = "$7" ] || { no half; return; }
  else
    whole "$3" && number=$(what "$place" "$3") || return
    case $number in none) no missing; return ;; other) no strange; return ;; esac
    alone -x claim "$2" "$6" "$3" "$3" "$place" "$number" || return
    sound "$den/$3" || { back "$3" "$place" "$number" "$flaw"; return; }
    mkdir -p "$folders" && printf '%s %s\n' "$7" "$number" >"$folders/$3" && sync "$folders/$3" ||
      { rm -f -- "$folders/$3"; back "$3" "$place" "$number" unkept; return; }
  fi
  if give "$den/$3" "$3" "$4" "$7" "$8" && mv -nT -- "$den/$3" "$there/from-$1" 2>/dev/null && [ ! -e "$den/$3" ]; then
    sync -f "$there"
    tidy
    ok
  elif give "$den/$3" "$7" "$8" "$3" "$4" && rm -f -- "$folders/$3"; then back "$3" "$place" "$number" unmoved; else no stuck; fi
}

# The same, and the number that the home folder had
folder_return() {
  tools && settle "$9" || return
  there=$place
  settle "$5" && room || return
  [ "$(what "$place" "$3")" = none ] || { no taken; return; }
  if [ "$(stat -c %i -- "$den/$3" 2>/dev/null)" != "${10}" ]; then
    [ ! -e "$den/$3" ] || { no half; return; }
    [ "$(what "$there/from-$1" "$7")" = "${10}" ] || { no gone; return; }
    near "$there" && alone -x claim "$2" "$6" '' "$3" "$there/from-$1" "${10}" || return
    sound "$den/$3" || { back "$3" "$there/from-$1" "${10}" "$flaw"; return; }
  fi
  give "$den/$3" "$7" "$8" "$3" "$4" && carry "$den/$3" "$place" "${10}" || { no stuck; return; }
  sync -f "${place%/*}"
  rm -f -- "$folders/$3"
  tidy
  ok
}

# Whether nothing of the folder was left in the den; what was left whole is put back.
whole() {
  [ ! -e "$den/$1.done" ] || { no half; return 1; }
  [ -e "$den/$1" ] || return 0
  ! underway "$1" || { no half; return 1; }
  [ "$(what "$place" "$1")" = none ] && carry "$den/$1" "$place" "$(stat -c %i -- "$den/$1")" && return
  no stuck
  return 1
}

# The folder of archives (`vault`), which is root's alone.
vault() {
  step=$1
  while plain "$step" && [ ! -e "$step" ] && [ ! -L "$step" ]; do step=${step%/*}; done
  rooted "$step" && mkdir -p -m 700 -- "$1" 2>/dev/null
  kept_place=$place
  settle "$1" || return
  vault=$place
  place=$kept_place
  case $(stat -c '%u %a %F' -- "$vault") in 0' '700' directory' | 0' '?700' directory') ;; *) no vault; return 1 ;; esac
}

# The archive of this name (`archive`), and what unpacks it (`through`).
packed() {
  for end in .tar.zst .tar.gz .tar; do
    archive=$1$end
    case $end in *zst) through=zstd ;; *gz) through=gzip ;; *) through= ;; esac
    [ ! -f "$archive" ] || [ -L "$archive" ] || return 0
  done
  return 1
}

# Everything about everything in a folder but what files contain. Nobody can set back when a thing last changed.
inventory() { find -P "$1" -xdev -printf '%i %n %y %m %U %G %s %T@ %C@ %P %l\0' | sha256sum; }

# Tar on a folder through what packs or unpacks; its first words where it fails: archive, folder, how
pack() {
  from=$1 into=$2
  shift 2
  said=$(tar --acls --xattrs --numeric-owner ${through:+-I "$through"} -f "$from" -C "$into" "$@" </dev/null 2>&1) && return
  code=$?
  printf '%s\n' "$said" | head -n 3 | while IFS= read -r line; do tell "said $line"; done
  return "$code"
}

# Whether an archive has all that is in a folder, and has it so. Sockets are nothing by themselves.
matches() {
  pack "$1" "$2" --compare || return
  there=$(find -P "$2" -xdev ! -type s -printf 'x\n' | wc -l)
  [ "$there" -eq "$(tar ${through:+-I "$through"} -tf "$1" | wc -l)" ]
}

# login, line, uid, home, folder of archives
folder_archive() {
  tools && settle "$4" && room && vault "$5" || return
  [ ! -e "$den/$3.done" ] || { finish "$1-$3" "$3"; return; }
  ! packed "$vault/back-$1-$3" || { no half; return; }
  rm -rf --one-file-system -- "$den/$3.back"
  whole "$3" || return
  if packed "$vault/$1-$3"; then
    if [ "$(what "$place" "$3")" = none ]; then ok; else no archived; fi
    return
  fi
  number=$(what "$place" "$3")
  case $number in none) no missing; return ;; other) no strange; return ;; esac
  alone -x claim "$2" '' "$3" "$3" "$place" "$number" || return
  sound "$den/$3" || { back "$3" "$place" "$number" "$flaw"; return; }
  stow "$den/$3" "$1-$3" || { back "$3" "$place" "$number" "$flaw"; return; }
  # From here on the archive is known to be good, and the folder is only waiting to be removed.
  sync -f "$vault" && carry "$den/$3" "$den/$3.done" "$number" || { no stuck; return; }
  finish "$1-$3" "$3"
}

# Packs a folder that only root gets at, and looks whether all of it is there: folder, name of the archive
stow() {
  unstow "$2"
  end=.tar through=
  have gzip && end=.tar.gz through=gzip
  have zstd && end=.tar.zst through=zstd
  part=$vault/part-$2$end
  before=$(inventory "$1")
  pack "$part" "$1" --create --format=posix --one-file-system . && sync "$part" &&
    matches "$part" "$1" && sound "$1" && [ "$before" = "$(inventory "$1")" ] && return
  unstow "$2"
  flaw=unpacked
  return 1
}

unstow() { rm -f -- "$vault/part-$1.tar" "$vault/part-$1.tar.gz" "$vault/part-$1.tar.zst"; }

finish() {
  conclude "$1" "$den/$2.done" || { no unfinished; return; }
  tidy
  ok
}

# Gives an archive that is known to be good its name, and removes what it is of: name, folder
conclude() {
  if packed "$vault/part-$1"; then mv -nT -- "$archive" "$vault/${archive##*/part-}"; fi
  packed "$vault/$1" && sync -f "$vault" && rm -rf --one-file-system -- "$2"
}

# login, line, uid, home, folder of archives
folder_restore() {
  tools && settle "$4" && room && vault "$5" || return
  [ ! -e "$den/$3" ] && [ ! -e "$den/$3.done" ] || { no half; return; }
  if ! packed "$vault/back-$1-$3"; then
    [ "$(what "$place" "$3")" = none ] || { no taken; return; }
    packed "$vault/$1-$3" || { no gone; return; }
    unpack "$den/$3.back" "$3" || { rm -rf --one-file-system -- "$den/$3.back"; no unpacked; return; }
    # From here on the folder is known to be good, and the archive is only waiting to be removed.
    mv -nT -- "$archive" "$vault/back-${archive##*/}"
    packed "$vault/back-$1-$3" && sync -f "$vault" || { no stuck; return; }
  fi
  [ ! -e "$den/$3.back" ] || alone -x land "$2" "$3" || return
  sync -f "${place%/*}"
  rm -f -- "$archive"
  tidy
  ok
}

# Unpacks the archive that was found: into which folder, for whom
unpack() {
  rm -rf --one-file-system -- "$1" && mkdir -m 700 -- "$1" || return
  pack "$archive" "$1" --extract --preserve-permissions --same-owner && matches "$archive" "$1" || return
  case $(what "$1" "$2") in none | other) return 1 ;; esac
  sync -f "$1"
}

land() {
  same "$1" || return
  carry "$den/$2.back" "$place" "$(stat -c %i -- "$den/$2.back")" && return
  no taken
  return 1
}
