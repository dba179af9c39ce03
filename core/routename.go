package core

import "strings"

// RouteName returns the route of a request as it was declared, for example
// "/api/auth/reset-password/:token". Use it in logs and metrics instead of the path,
// because path and query may contain a token. For unknown routes it returns the base
// path with "/*", and for paths of the application "".
func (a *Auth) RouteName(method, path string) string {
	if !a.Handles(path) {
		return ""
	}
	if rt, _ := a.router.find(method, strings.TrimRight(path[len(a.basePath):], "/")); rt != nil {
		return a.basePath + rt.path
	}
	return a.basePath + "/*"
}
