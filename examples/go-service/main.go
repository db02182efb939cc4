// A service that counts its visitors; without dependencies.
package main

import (
	"fmt"
	"log"
	"net/http"
	"sync/atomic"
)

// Set by the linker.
var version = "dev"

type counter struct{ visits uint64 }

func (c *counter) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	fmt.Fprintf(w, "visit %d of %s\n", atomic.AddUint64(&c.visits, 1), version)
}

func main() {
	log.Print("listening on :8080")
	log.Fatal(http.ListenAndServe(":8080", &counter{}))
}
