"""Counts visits to paths."""
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Visits:
    def __init__(self):
        self.counts = Counter()

    def visit(self, path):
        self.counts[path] += 1
        return self.counts[path]


VISITS = Visits()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = f'{self.path}: {VISITS.visit(self.path)}\n'.encode()
        self.send_response(200)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == '__main__':
    ThreadingHTTPServer(('', 8000), Handler).serve_forever()
