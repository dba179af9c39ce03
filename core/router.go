package core

import (
	"fmt"
	"strings"
)

// router finds routes by literal comparison of the escaped path: no decoding, no
// cleaning, no case folding. A path has one spelling, so that no other one can slip
// past a rule that names it.
type router struct {
	static   map[string]*node // by path
	patterns []pattern
}

type node struct{ byMethod map[string]*route }

type pattern struct {
	segments []string // ":name" for a parameter
	node     *node
}

func newRouter(routes []*route, atRoot bool) (*router, error) {
	r := &router{static: map[string]*node{}}
	shapes := map[string]*node{}
	for _, rt := range routes {
		if rt.path == "" || rt.AtRoot != atRoot {
			continue
		}
		if rt.path[0] != '/' || strings.Contains(rt.path, "//") || strings.HasSuffix(rt.path, "/") {
			return nil, fmt.Errorf("core: operation %q has the path %q; a path begins with one slash and does not end with one", rt.id, rt.path)
		}
		segments := strings.Split(rt.path[1:], "/")
		shape := make([]string, len(segments))
		params := false
		for i, s := range segments {
			shape[i] = s
			if strings.HasPrefix(s, ":") {
				shape[i], params = ":", true
			}
		}
		key := strings.Join(shape, "/")
		n := shapes[key]
		if n == nil {
			n = &node{byMethod: map[string]*route{}}
			shapes[key] = n
			if params {
				r.patterns = append(r.patterns, pattern{segments, n})
			} else {
				r.static[rt.path] = n
			}
		}
		for _, m := range rt.Methods {
			if other := n.byMethod[m]; other != nil {
				return nil, fmt.Errorf("core: %s %s is declared twice, by %s and by %s", m, rt.path, other.owner(), rt.owner())
			}
			n.byMethod[m] = rt
		}
	}
	return r, nil
}

// alias routes the further paths of rt that exist in a mode.
func (r *router) alias(rt *route, mode Compat) error {
	for _, a := range rt.Aliases {
		if a.Mode != mode {
			continue
		}
		if a.Path == "" || a.Path[0] != '/' || strings.Contains(a.Path, "//") || strings.Contains(a.Path, "/:") || strings.HasSuffix(a.Path, "/") {
			return fmt.Errorf("core: operation %q has the alias %q; an alias begins with one slash, does not end with one and has no parameters", rt.id, a.Path)
		}
		n := r.static[a.Path]
		if n == nil {
			n = &node{byMethod: map[string]*route{}}
			r.static[a.Path] = n
		}
		for _, m := range rt.Methods {
			if other := n.byMethod[m]; other != nil {
				return fmt.Errorf("core: %s %s is declared twice, by %s and by %s", m, a.Path, other.owner(), rt.owner())
			}
			n.byMethod[m] = rt
		}
	}
	return nil
}

// answers reports whether a path is an alias of the route.
func (rt *route) answers(path string) bool {
	for i := range rt.Aliases {
		if rt.Aliases[i].Path == path {
			return true
		}
	}
	return false
}

func (rt *route) owner() string {
	if rt.plugin == "" {
		return "the core (" + rt.id + ")"
	}
	return "the plugin " + rt.plugin + " (" + rt.id + ")"
}

// find returns the route of a path below the base path.
func (r *router) find(method, path string) (*route, []param) {
	if n := r.static[path]; n != nil {
		if rt := n.byMethod[method]; rt != nil {
			return rt, nil
		}
	}
	if path == "" {
		return nil, nil
	}
	for _, p := range r.patterns {
		rt := p.node.byMethod[method]
		if rt == nil {
			continue
		}
		if params, ok := p.match(path[1:]); ok {
			return rt, params
		}
	}
	return nil, nil
}

// knows reports whether a path is a route by any method.
func (r *router) knows(path string) bool {
	if r.static[path] != nil {
		return true
	}
	if path == "" {
		return false
	}
	for i := range r.patterns {
		if _, ok := r.patterns[i].match(path[1:]); ok {
			return true
		}
	}
	return false
}

func (p *pattern) match(path string) ([]param, bool) {
	var params []param
	for i, want := range p.segments {
		segment, rest, more := strings.Cut(path, "/")
		if segment == "" || more == (i == len(p.segments)-1) {
			return nil, false
		}
		if want[0] == ':' {
			params = append(params, param{want[1:], segment})
		} else if want != segment {
			return nil, false
		}
		path = rest
	}
	return params, true
}
