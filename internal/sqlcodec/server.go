package sqlcodec

import (
	"regexp"
	"strconv"
	"sync/atomic"
)

// Server remembers which of the servers of a dialect answers. The zero value knows
// nothing yet.
type Server struct{ returns atomic.Int32 } // 0 unknown, 1 yes, 2 no

// mariaDB finds the version in the answer to VersionQuery. A replica may put another
// version before its own.
var mariaDB = regexp.MustCompile(`(?:^|-)(\d+)\.(\d+)\.\d+-MariaDB`)

// VersionQuery asks a server of the dialect MySQL for its version.
const VersionQuery = "SELECT VERSION()"

// Returns reports whether INSERT and DELETE take RETURNING. UPDATE takes it only where
// Dialect.Returns says so. ask sends a query and returns its only value; it is called
// until it has succeeded once, and only for MySQL's dialect: MariaDB has RETURNING, and
// MySQL has not.
func (s *Server) Returns(d Dialect, ask func(query string) (string, error)) bool {
	if d.Returns() {
		return true
	}
	known := s.returns.Load()
	if known == 0 {
		version, err := ask(VersionQuery)
		if err != nil {
			return false // the statement that follows will tell
		}
		known = 2
		if returnsRows(version) {
			known = 1
		}
		s.returns.Store(known)
	}
	return known == 1
}

// returnsRows tells MariaDB 10.5 and later.
func returnsRows(version string) bool {
	found := mariaDB.FindStringSubmatch(version)
	if found == nil {
		return false
	}
	major, _ := strconv.Atoi(found[1])
	minor, _ := strconv.Atoi(found[2])
	return major > 10 || major == 10 && minor >= 5
}
