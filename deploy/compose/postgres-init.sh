#!/bin/sh
# Runs once, on an empty data folder: a role and a database of its own for each service, closed to the others.
set -eu

create() {
  psql --no-psqlrc --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    --set service="$1" --set password="$2" <<'SQL'
CREATE ROLE :"service" LOGIN PASSWORD :'password';
CREATE DATABASE :"service" OWNER :"service";
REVOKE ALL ON DATABASE :"service" FROM PUBLIC;
SQL
}

create contacts "$CONTACTS_DATABASE_PASSWORD"
create pipeline "$PIPELINE_DATABASE_PASSWORD"
create service_desk "$SERVICE_DESK_DATABASE_PASSWORD"
create campaigns "$CAMPAIGNS_DATABASE_PASSWORD"
create customer_360 "$CUSTOMER_360_DATABASE_PASSWORD"
create webhooks "$WEBHOOKS_DATABASE_PASSWORD"
