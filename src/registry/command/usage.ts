export const USAGE = `Usage:  barge-registry [OPTIONS]
        barge-registry htpasswd FILE USER
        barge-registry user|org|repo|namespace|token|key|quota|audit COMMAND...
        barge-registry gc [--dry-run]
        barge-registry check [--deep] [--repair]

An image registry: OCI distribution specification 1.1, over HTTP.

Commands:
  check                 Look for what is missing or damaged below --data-root; exit code 1 when there is something
  gc                    Remove what nobody can reach any more, and tags by --retention; a registry that runs does it by itself
  user add NAME [--admin]           Add a user; the password is read from standard input
  user passwd|rm|enable|disable NAME
  user import FILE                  Take users of an htpasswd file over
  user ls
  quota OWNER [SIZE]                Bytes that a user or an organisation may fill: show, set, or "none"
  org add|rm NAME, org ls           Organisations, who own the repositories that begin with their names
  org member ORG USER ROLE          ROLE: pull, push, admin or none
  repo set NAME [--public|--private] [--immutable-tags|--mutable-tags]
                [--keep-last N] [--keep-days N] [--tags PATTERNS] [--keep-all]   Which tags are kept
  repo grant NAME USER ROLE         Let a user in, whatever the owner
  repo show NAME
  token create USER [--role ROLE] [--repositories LIST] [--days N] [--description TEXT]
  token ls [USER], token rm ID      Personal access tokens, which stand for a password
  namespace ls                      List the owners of the first parts of repository names
  namespace give NAME OWNER         Transfer repositories below NAME/ to a user or an organisation; "none": the administrators
  key rotate                        Replace the key that signs bearer tokens; those given out are refused from then on
  audit [N]                         The newest N entries (default 100)
  htpasswd FILE USER    Add a user to FILE or change the password, which is read from standard input

Options:
      --data-root DIR      Where content is kept (default "/var/lib/barge-registry")
      --storage URL        Keep content in object storage: s3://BUCKET/PREFIX?region=R&endpoint=URL&path-style=true&redirect=false
      --database URL       Several servers share the store and postgres://HOST/NAME
      --listen HOST:PORT   Address to listen on; port 0 takes a free one (default "127.0.0.1:5000")
      --htpasswd FILE      Ask for user name and password; FILE holds bcrypt hashes and may change at any time
      --accounts           Users, organisations and tokens decide who may do what (see the commands above)
      --external-url URL   Where clients reach the registry, when a proxy stands before it
      --trusted-proxies ADDRESSES   Proxies whose X-Forwarded-For says who asks, such as 10.0.0.1,fd00::/8 (default: none)
      --self-registration  Anybody may become a user (POST /api/v1/register)
      --rate-limit N/DURATION   Requests that a user, or an address without one, may make, such as 600/1m (default: any)
      --max-blob-size SIZE  The longest blob that is taken (default "100GB")
      --webhook URLS       Tell these of pushes and deletions (separated by commas)
      --webhook-secret FILE    Sign what they are told (HMAC-SHA256) with what FILE holds
      --tls-cert FILE      Serve HTTPS with this certificate (PEM)
      --tls-key FILE       Key of the certificate (PEM)
      --log-level LEVEL    "trace", "debug", "info", "warn", "error", "fatal" or "silent" (default "info")
      --metrics-listen HOST:PORT   Serve /metrics (Prometheus) and /health there
      --gc-interval DURATION   How often to collect garbage while serving, "0" for never (default "24h")
      --gc-grace DURATION      Keep what nobody names for so long; longer than any push takes (default "24h")
      --gc-untagged DURATION   Remove manifests without a tag once they are older (default: never)
      --retention FILE     Rules in YAML or JSON for which tags are kept; obeyed by each collection
      --scrub-interval DURATION   How often to verify the digests of all content, "0" for never (default "168h")
      --scrub-rate SIZE        Bytes a second that this may read (default "20MB")
      --upload-expiry DURATION    Remove uploads that got no bytes for so long (default "24h")
      --drain-timeout DURATION    What requests under way get to finish on SIGTERM (default "10s")
      --proxy URL          Be a cache of this registry: keep copies of what is asked for, take no pushes
      --proxy-user NAME, --proxy-password-file FILE   Credentials for it
      --proxy-ca FILE      Its certificate authorities (PEM)
      --proxy-fresh DURATION   Do not ask again for a tag that was compared so lately (default "0")
      --proxy-size SIZE    Bytes that copies may fill; what was not asked for longest goes (default: any)
      --proxy-age DURATION     Remove what nobody asked for in so long (default: never)
      --dry-run            gc: only count
      --deep               check: read everything and compare digests
      --repair             check: move content with a wrong digest away, so that the next push brings it anew
  -h, --help               Print this help
  -v, --version            Print the version
`;
