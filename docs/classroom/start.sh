#!/bin/sh
# Give the person who runs this a folder with notebooks of their own, then start what the arguments say:
#   start.sh            JupyterLab, with a token
#   start.sh studio     the studio alone, open to whoever can reach the port
#   start.sh COMMAND... anything else, for example jupyterhub-singleuser
# The kit's notebooks are only read. What is in the own folder already is never overwritten.
set -eu
: "${STYLEKIT_KIT:=/opt/stylekit}" "${STYLEKIT_FOLDER:=$HOME/stylekit-notebooks}" "${STYLEKIT_IP:=127.0.0.1}"

mkdir -p "$STYLEKIT_FOLDER"
for file in "$STYLEKIT_KIT"/notebooks/*.ipynb "$STYLEKIT_KIT"/notebooks/*.md; do
    own=$STYLEKIT_FOLDER/${file##*/}
    if [ ! -e "$own" ]; then
        cat "$file" > "$own.part"  # cat, not cp: the kit's files may be read-only, and the own ones must not be
        mv "$own.part" "$own"
    fi
done

what=${1:-lab}
[ $# -eq 0 ] || shift
case $what in
    lab)
        cd "$STYLEKIT_FOLDER"
        exec python -m jupyterlab --no-browser --ip="$STYLEKIT_IP" --port="${STYLEKIT_PORT:-8888}" \
            --LabApp.default_url=/lab/tree/00-start-here.ipynb "$@"
        ;;
    studio)
        cd "$STYLEKIT_KIT"  # where voila.json is
        exec python -m voila notebooks/12-studio.ipynb --no-browser \
            --Voila.ip="$STYLEKIT_IP" --port="${STYLEKIT_PORT:-8866}" "$@"
        ;;
    *)
        cd "$STYLEKIT_FOLDER"
        exec "$what" "$@"
        ;;
esac
