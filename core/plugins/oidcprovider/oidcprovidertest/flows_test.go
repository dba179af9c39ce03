package oidcprovidertest

import (
	"testing"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/suites/flowtest"
)

func TestFlows(t *testing.T) {
	flowtest.RunSuites(t, func(*testing.T) adapter.Database { return memory.New() }, Suite())
}
