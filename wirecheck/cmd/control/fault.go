package main

import (
	"maps"
	"net/http"
	"slices"
)

// fault alters an answer in one small way, to prove that the comparison sees it.
type fault func(status *int, header http.Header, body []byte) []byte

var faults = map[string]fault{}

func faultNames() []string { return slices.Sorted(maps.Keys(faults)) }

func broken(m mount, _ fault) mount { return m }
