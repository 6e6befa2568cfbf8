#!/bin/sh
# Writes .env beside docker-compose.yml with fresh random secrets; one that is already there is left alone.
set -eu
cd "$(dirname "$0")/../.."
if [ -e .env ]; then
  echo ".env is there already: nothing changed"
  exit 0
fi
random() { od -An -tx1 -N32 /dev/urandom | tr -d ' \n'; }
umask 077
for name in \
  RAPPORT_JWT_KEY RAPPORT_HASH_KEY RAPPORT_LINK_KEY POSTGRES_PASSWORD \
  CONTACTS_DATABASE_PASSWORD PIPELINE_DATABASE_PASSWORD SERVICE_DESK_DATABASE_PASSWORD CAMPAIGNS_DATABASE_PASSWORD CUSTOMER_360_DATABASE_PASSWORD \
  WEBHOOKS_DATABASE_PASSWORD WEBHOOKS_SEAL_KEY
do
  echo "$name=$(random)"
done > .env.new
mv .env.new .env
echo ".env written: keep it out of version control; a new one does not open an old database"
