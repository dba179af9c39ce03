package scaffold

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/mod/module"
)

// Choices are the answers from which a program is written.
type Choices struct {
	Folder    string   // where the program is written
	Name      string   // of the application, as people see it
	Module    string   // path of the Go module
	Framework string   // key of frameworks
	Adapter   string   // key of adapters
	Database  string   // key of databases; "" for an adapter that has only one
	Plugins   []string // ids, in the order of the table plugins
	Frontend  string   // key of frontends
}

const (
	defaultFolder    = "app"
	defaultFramework = "gin"
	defaultAdapter   = "gorm"
	defaultDatabase  = "sqlite"
	defaultFrontend  = "plain"
)

// complete fills in what nobody chose, and puts the plugins into the order of the table.
func (c *Choices) complete() error {
	set(&c.Folder, defaultFolder)
	set(&c.Framework, defaultFramework)
	set(&c.Adapter, defaultAdapter)
	set(&c.Frontend, defaultFrontend)
	if adapters[c.Adapter].databases != nil {
		set(&c.Database, defaultDatabase)
	}
	if c.Name == "" {
		folder, err := filepath.Abs(c.Folder)
		if err != nil {
			return err
		}
		c.Name = filepath.Base(folder)
	}
	if c.Module == "" {
		c.Module = "example.com/" + cmp.Or(pathElement(c.Name), defaultFolder)
	}
	return c.check()
}

// check returns one sentence about the first choice that cannot be.
func (c *Choices) check() error {
	if _, ok := frameworks[c.Framework]; !ok {
		return unknown("framework", c.Framework, keys(frameworks))
	}
	a, ok := adapters[c.Adapter]
	if !ok {
		return unknown("adapter", c.Adapter, keys(adapters))
	}
	switch {
	case a.databases == nil && c.Database != "":
		return fmt.Errorf("the adapter %s has no choice of databases: leave --database out, or choose --adapter gorm or ent", c.Adapter)
	case a.databases != nil && !slices.Contains(a.databases, c.Database):
		return unknown("database", c.Database, a.databases)
	}
	if _, ok := frontends[c.Frontend]; !ok {
		return unknown("frontend", c.Frontend, keys(frontends))
	}
	var sorted []string
	for _, p := range plugins {
		if slices.Contains(c.Plugins, p.ID) {
			sorted = append(sorted, p.ID)
		}
	}
	for _, id := range c.Plugins {
		if !slices.Contains(sorted, id) {
			return unknown("plugin", id, pluginIDs())
		}
	}
	c.Plugins = sorted
	if strings.ContainsFunc(c.Name, func(r rune) bool { return r < ' ' || strings.ContainsRune("\"'`\\<>{}$&", r) }) || len(c.Name) > 60 {
		return fmt.Errorf("the name %q cannot stand in source and HTML as it is: pass --name with letters, digits, spaces and .,-_", c.Name)
	}
	if err := module.CheckImportPath(c.Module); err != nil {
		return fmt.Errorf("%q is no path of a Go module (%w): pass --module, for example --module github.com/you/app", c.Module, err)
	}
	if c.Frontend != "none" && path.Base(c.Module) == "web" {
		return errors.New("the program would be called web, as the folder of its page: pass --module with another last element")
	}
	return nil
}

func unknown(what, value string, known []string) error {
	return fmt.Errorf("there is no %s %q to choose: pass one of %s", what, value, strings.Join(known, ", "))
}

var notInPaths = regexp.MustCompile(`[^a-z0-9._-]+`)

// pathElement makes an element of a module's path from a name: lower case, with
// hyphens in place of what a path cannot have.
func pathElement(name string) string {
	return strings.Trim(notInPaths.ReplaceAllString(strings.ToLower(name), "-"), "-._")
}

func set(s *string, other string) { *s = cmp.Or(*s, other) }
