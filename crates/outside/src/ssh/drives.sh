# What is done with shared drives; it runs as a part of `script.sh`, and so as root.
#
# A drive is a folder right under one root, where nobody but root makes or moves anything, and it is
# whose uid owns it. What is done to several drives is done to all of them or to none: they are taken
# to the den together and looked over there before the first is touched. In the den they stand under
# their own names, in a folder (`pen`) that says how far they are, for whoever comes next:
#   UID        whole, as they came; they are put back
#   UID.OTHER  between two accounts; they go on to the one or come back to the other
#   UID.done   packed, and waiting to be removed
#   UID.new    being unpacked, and nothing yet
#   UID.back   unpacked, and waiting to be put back
#   new        one that is being made

# Where the drives are (`root`), and root's own folder among them (`den`).
shared() {
  settle "$1/.tenure" || return
  root=${place%/*}
  den=$place
  # A home folder would be taken for a drive of whoever lives there.
  while IFS=: read -r skip skip skip skip skip lived skip || [ -n "$lived" ]; do
    while case $lived in */*) ;; *) false ;; esac; do
      lived=${lived%/*}
      [ -z "$lived" ] || [ ! "$lived" -ef "$root" ] || { no lived; return 1; }
    done
  done </etc/passwd
}

# The drives of a uid: the number and the name of each, a line for each (`drives`).
owned() {
  odd=$(find -P "$root" -mindepth 1 -maxdepth 1 -type d -uid "$1" \
    \( -name '*[[:cntrl:]]*' -o -name '*[]*?\[]*' -o -name '*\\*' \) -print -quit) || { no unsearched; return 1; }
  [ -z "$odd" ] || { no oddname; return 1; }
  drives=$(find -P "$root" -mindepth 1 -maxdepth 1 -type d -uid "$1" ! -name '.*' -printf '%i %f\n') ||
    { no unsearched; return 1; }
}

# uid, root, name
see_drive() {
  shared "$2" || return
  tell "at $(what "$root/$3" "$1")"
  ok
}

# uid, root, and where it is about archives: the folder of archives, and how their names begin
see_drives() {
  shared "$2" && owned "$1" || return
  while IFS= read -r one; do [ -z "$one" ] || tell "drive.${one%% *} ${one#* }"; done <<DRIVES
$drives
DRIVES
  for left in "$den/$1" "$den/$1".*; do
    [ ! -e "$left" ] || tell "half.${left##*/} yes"
    for one in "$left"/*; do [ ! -d "$one" ] || tell "drive.$(stat -c %i -- "$one") ${one##*/}"; done
  done
  if [ -n "$3" ]; then
    [ "$(what "$3" 0)" != other ] || { no vault; return; }
    count=0
    for one in "$3/$4"*.tar "$3/$4"*.tar.gz "$3/$4"*.tar.zst; do
      [ -f "$one" ] || continue
      one=${one#"$3/$4"}
      one=${one%.gz}
      one=${one%.zst}
      count=$((count + 1))
      tell "archive.$count ${one%.tar}"
    done
  fi
  ok
}

# login, line, uid, gid, root, name
drive_create() { shared "$5" && room && alone -x found "$@"; }

found() {
  same "$2" || return
  rmdir -- "$den/new" 2>/dev/null
  for one in "$den"/*/"$6"; do [ ! -e "$one" ] || { no half; return; }; done
  case $(what "$root/$6" "$3") in none) ;; other) no taken; return ;; *) ok; return ;; esac
  # It comes to its place when it is as it should be, so none is ever found there half made.
  mkdir -m 700 -- "$den/new" && chown -h "+$3:+$4" -- "$den/new" && chmod 2770 -- "$den/new" ||
    { rmdir -- "$den/new"; no unmade; return; }
  carry "$den/new" "$root/$6" "$(stat -c %i -- "$den/new")" || { rmdir -- "$den/new"; no taken; return; }
  sync -f "$root"
  ok
}

# login, line, uid, gid, root, name
drive_uncreate() { shared "$5" && alone -x unfound "$@"; }

unfound() {
  same "$2" || return
  case $(what "$root/$6" "$3") in
    none) ;;
    other) no gone; return ;;
    *) rmdir -- "$root/$6" || { no filled; return; } ;;
  esac
  ok
}

# Notes that something is wrong with the drive of this name.
mar() { unfit=$unfit$flaw' '$1/; }

# Moves every drive in a folder into another one, under its own name.
shift_all() {
  for one in "$1"/*; do
    [ ! -d "$one" ] || carry "$one" "$2/${one##*/}" "$(stat -c %i -- "$one")" || return
  done
}

# Puts the drives in the pen back to where they were.
release() { [ ! -e "$pen" ] || { shift_all "$pen" "$root" && rmdir -- "$pen"; }; }

# Puts back what another left whole, and sees to it that nothing else is going on: uid, but for what
resume() {
  pen=$den/$1
  rm -rf --one-file-system -- "$pen.new"
  for one in "$pen".*; do
    case " $2 " in *" ${one#"$pen."} "*) continue ;; esac
    [ ! -e "$one" ] || { no half; return 1; }
  done
  release || { no stuck; return 1; }
}

# Takes `drives` into the pen, and notes those that cannot be: line, whose line besides, who must run nothing
gather() {
  same "$1" || return
  [ -z "$2" ] || same "$2" || return
  [ -z "$3" ] || [ -z "$(processes "$3")" ] || { no running; return 1; }
  mkdir -m 700 -- "$pen"
  while IFS= read -r one; do
    [ -z "$one" ] || grab "$root/${one#* }" "$pen/${one#* }" "${one%% *}" || mar "${one#* }"
  done <<DRIVES
$drives
DRIVES
}

# Whether everything that is somebody's in a folder can change hands, which what is immutable cannot.
yields() {
  flaw=fixed
  chown -RPh "--from=+$2" "+$2" "$1" && chown -RPh "--from=:+$3" ":+$3" "$1"
}

# Takes the drives in, looks them over, and puts them back where one is not fit: uid, gid, and as `gather`
admit() {
  alone -x gather "$3" "$4" "$5" || { release; return 1; }
  [ -n "$unfit" ] || for drive in "$pen"/*; do
    [ ! -d "$drive" ] || { sound "$drive" && yields "$drive" "$1" "$2"; } || mar "${drive##*/}"
  done
  [ -z "$unfit" ] || dismiss
}

# Puts the drives back and says what is wrong with which.
dismiss() {
  if release; then no "unfit $unfit"; else no stuck; fi
  return 1
}

# Hands on what was taken in, and what was left between both before: uid, gid, uid, gid
hand() {
  mkdir -p -m 700 -- "$between" && shift_all "$pen" "$between" && sync -f "$den" || { no stuck; return; }
  for drive in "$between"/*; do
    [ ! -d "$drive" ] || give "$drive" "$@" || { no stuck; return; }
  done
  shift_all "$between" "$root" && rmdir -- "$pen" "$between" || { no stuck; return; }
  sync -f "$root"
  ok
}

# login, line, uid, gid, root, and line, uid and gid of the other
drive_transfer() {
  tools && shared "$5" && room && resume "$3" "$7" && owned "$3" || return
  unfit= between=$den/$3.$7
  [ -n "$drives" ] || [ -e "$between" ] || { ok; return; }
  admit "$3" "$4" "$2" "$6" "$3" && hand "$3" "$4" "$7" "$8"
}

# The same, and the number and name of each drive that comes back
drive_return() {
  tools && shared "$5" && room && resume "$3" "$7" || return
  line=$2 uid=$3 gid=$4 besides=$6 other=$7 group=$8
  shift 8
  unfit= drives= between=$den/$uid.$other flaw=gone
  while [ $# -ge 2 ]; do
    if [ "$(what "$root/$2" "$other")" = "$1" ]; then
      drives="$drives$1 $2
"
    elif [ "$(what "$root/$2" "$uid")" != "$1" ] && [ "$(stat -c %i -- "$between/$2")" != "$1" ]; then
      mar "$2"
    fi
    shift 2
  done
  [ -z "$unfit" ] || { no "unfit $unfit"; return; }
  admit "$other" "$group" "$line" "$besides" '' && hand "$other" "$group" "$uid" "$gid"
}

# login, line, uid, gid, root, folder of archives
drive_archive() {
  tools && shared "$5" && room && vault "$6" && resume "$3" 'done' || return
  stem=$1-$3+ unfit=
  conclude_all || { no unfinished; return; }
  owned "$3" || return
  [ -n "$drives" ] || { ok; return; }
  flaw=archived
  while IFS= read -r one; do
    [ -z "$one" ] || ! packed "$vault/$stem${one#* }" || mar "${one#* }"
  done <<DRIVES
$drives
DRIVES
  [ -z "$unfit" ] || { no "unfit $unfit"; return; }
  admit "$3" "$4" "$2" '' "$3" || return
  for drive in "$pen"/*; do
    [ ! -d "$drive" ] || [ -n "$unfit" ] || stow "$drive" "$stem${drive##*/}" || mar "${drive##*/}"
  done
  if [ -n "$unfit" ]; then
    for drive in "$pen"/*; do unstow "$stem${drive##*/}"; done
    dismiss
    return
  fi
  # From here on all archives are known to be good, and the drives are only waiting to be removed.
  sync -f "$vault" && carry "$pen" "$pen.done" "$(stat -c %i -- "$pen")" || { no stuck; return; }
  sync -f "$den"
  if conclude_all; then ok; else no unfinished; fi
}

conclude_all() {
  [ -e "$pen.done" ] || return 0
  for drive in "$pen.done"/*; do
    [ ! -d "$drive" ] || conclude "$stem${drive##*/}" "$drive" || return
  done
  rmdir -- "$pen.done"
}

# login, line, uid, gid, root, folder of archives, and the name of each drive that comes back
drive_restore() {
  tools && shared "$5" && room && vault "$6" && resume "$3" 'back done' || return
  stem=$1-$3+ uid=$3 line=$2
  shift 6
  conclude_all || { no unfinished; return; }
  [ -e "$pen.back" ] || unpack_all "$@" || return
  alone -x land_all || return
  sync -f "$root"
  for name in "$@"; do
    ! packed "$vault/$stem$name" || rm -f -- "$archive"
    unstow "$stem$name"
  done
  rmdir -- "$pen.back" || { no stuck; return; }
  ok
}

# Unpacks the archives of these drives, all of them or none.
unpack_all() {
  unfit=
  for name in "$@"; do
    flaw=taken found=$(what "$root/$name" "$uid")
    if ! packed "$vault/$stem$name"; then
      flaw=gone
      # One that is there already never went, or was the first to come back.
      case $found in none | other) ;; *) continue ;; esac
    fi
    [ "$flaw $found" = 'taken none' ] || mar "$name"
  done
  [ -z "$unfit" ] || { no "unfit $unfit"; return 1; }
  mkdir -m 700 -- "$pen.new"
  flaw=unpacked
  for name in "$@"; do
    ! packed "$vault/$stem$name" || unpack "$pen.new/$name" "$uid" || mar "$name"
  done
  # From here on the drives are known to be good, and the archives are only waiting to be removed.
  [ -z "$unfit" ] && carry "$pen.new" "$pen.back" "$(stat -c %i -- "$pen.new")" && sync -f "$den" && return
  rm -rf --one-file-system -- "$pen.new"
  no "unfit $unfit"
  return 1
}

land_all() {
  same "$line" || return
  shift_all "$pen.back" "$root" && return
  no taken
  return 1
}
