package sqlcodec

import (
	"errors"
	"testing"
)

func TestServerReturns(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]bool{
		"10.11.6-MariaDB-0+deb12u1": true, "10.5.0-MariaDB": true, "11.4.2-MariaDB-log": true, "5.5.5-10.6.18-MariaDB": true, "12.0.1-MariaDB": true,
		"10.4.34-MariaDB": false, "5.5.68-MariaDB": false, "8.0.36": false, "8.4.0-commercial": false, "10.5.0": false, "8.0.11-TiDB-v7.5.0": false, "": false,
	} {
		if got := new(Server).Returns(MySQL, func(string) (string, error) { return version, nil }); got != want {
			t.Errorf("%q: %v", version, got)
		}
	}
	for _, d := range []Dialect{SQLite, Postgres} {
		if !new(Server).Returns(d, func(string) (string, error) { t.Error("asked"); return "", nil }) {
			t.Error(d)
		}
	}
	var s Server
	asked := 0
	ask := func(string) (string, error) {
		if asked++; asked == 1 {
			return "", errors.New("down")
		}
		return "11.4.2-MariaDB", nil
	}
	if s.Returns(MySQL, ask) || !s.Returns(MySQL, ask) || !s.Returns(MySQL, ask) || asked != 2 {
		t.Error("asked", asked, "times")
	}
}
