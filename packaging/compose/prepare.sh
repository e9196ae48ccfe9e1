#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The SCIM-to-UDM write bridge authors
# SPDX-License-Identifier: Apache-2.0
#
# Makes the secrets that compose.yaml mounts, in .compose/secrets/, and a token for the first client. What is there already stays. The folder
# is for its owner alone; the files in it can be read by everybody, because the user of a container is nobody here.
set -euo pipefail
cd "$(dirname "$0")/../.."

folder=.compose/secrets
client="${1:-demo}"
[[ "$client" =~ ^[A-Za-z0-9_-]+$ ]] || { echo "prepare: a client is letters, digits, - and _, not \"$client\"" >&2; exit 64; }

umask 077
mkdir -p "$folder"
for name in database-password redis-password udm-password provisioning-password; do
    if [ ! -s "$folder/$name" ]; then openssl rand -hex 24 >"$folder/$name"; fi
done
if [ ! -s "$folder/password-key" ]; then openssl rand -base64 32 >"$folder/password-key"; fi

if [ ! -s "$folder/tokens" ]; then
    docker compose build api
    # As the user who runs this, whose folder it is. The token itself is printed here and kept nowhere.
    token="$(docker run --rm --network none --user "$(id -u):$(id -g)" --volume "$PWD/$folder:/secrets" \
        "scim-bridge:${SCIM_BRIDGE_TAG:-0.1.0}" token create --client "$client" --file /secrets/tokens)"
    echo "The token of the client $client, shown this once: $token"
fi
chmod a+r "$folder"/*
echo "The secrets are in $folder. Now: docker compose up --detach"
