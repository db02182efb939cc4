package main

import (
	"net/http/httptest"
	"testing"
)

func TestCounts(t *testing.T) {
	c := &counter{}
	for _, want := range []string{"visit 1 of dev\n", "visit 2 of dev\n"} {
		r := httptest.NewRecorder()
		c.ServeHTTP(r, httptest.NewRequest("GET", "/", nil))
		if got := r.Body.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
