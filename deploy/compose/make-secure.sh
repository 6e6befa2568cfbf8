#!/bin/sh
# Writes .secure: an authority, the broker's certificate, and a random secret for each principal of Kafka.
# What is there is left alone, so it may run again when a service or a subscriber has come.
# Files are readable inside (containers run as users of their own), the folder is for its owner alone.
set -eu
cd "$(dirname "$0")/../.."
umask 022
mkdir -p .secure
chmod 700 .secure
mkdir -p .secure/tls .secure/credentials

random() { od -An -tx1 -N32 /dev/urandom | tr -d ' \n'; }
subscribers=$(echo "${RAPPORT_SUBSCRIBERS:-analytics=public,warehouse=confidential}" | tr ',' '\n' | cut -d= -f1)
for principal in admin kafka contacts pipeline service-desk campaigns customer-360 webhooks ext-cti ext-erp ext-hr ext-pos $subscribers; do
  [ -e ".secure/credentials/$principal" ] || random > ".secure/credentials/$principal"
done

cd .secure/tls
if [ ! -e broker.pem ]; then
  # The authority signs once; its key is not kept.
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -sha256 \
    -subj "/CN=Rapport" -addext "basicConstraints=critical,CA:TRUE,pathlen:0" \
    -addext "keyUsage=critical,keyCertSign,cRLSign" -keyout ca.key -out ca.pem 2>/dev/null
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256 \
    -subj "/CN=rapport-kafka" -keyout broker.key -out broker.csr 2>/dev/null
  printf '%s\n' "basicConstraints=critical,CA:FALSE" "keyUsage=critical,digitalSignature" \
    "extendedKeyUsage=serverAuth,clientAuth" "subjectAltName=DNS:kafka,DNS:localhost,IP:127.0.0.1" > broker.ext
  openssl x509 -req -in broker.csr -CA ca.pem -CAkey ca.key -set_serial "0x$(random | cut -c1-16)" \
    -days 3650 -sha256 -extfile broker.ext -out broker.crt 2>/dev/null
  openssl pkcs8 -topk8 -nocrypt -in broker.key > broker.new
  cat broker.crt >> broker.new
  rm ca.key broker.key broker.csr broker.ext broker.crt
  mv broker.new broker.pem
fi
echo ".secure is complete: keep it out of version control"
