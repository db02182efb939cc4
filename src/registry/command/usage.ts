export const USAGE = `Usage:  barge-registry [OPTIONS]
        barge-registry htpasswd FILE USER

An image registry: OCI distribution specification 1.1, over HTTP.

Commands:
  htpasswd FILE USER    Add a user to FILE or change the password, which is read from standard input

Options:
      --data-root DIR      Where content is kept (default "/var/lib/barge-registry")
      --listen HOST:PORT   Address to listen on; port 0 takes a free one (default "127.0.0.1:5000")
      --htpasswd FILE      Ask for user name and password; FILE holds bcrypt hashes and may change at any time
      --tls-cert FILE      Serve HTTPS with this certificate (PEM)
      --tls-key FILE       Key of the certificate (PEM)
      --log-level LEVEL    "trace", "debug", "info", "warn", "error", "fatal" or "silent" (default "info")
  -h, --help               Print this help
  -v, --version            Print the version
`;
