package cookie

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestChunks(t *testing.T) {
	t.Parallel()
	tooMany := make([]string, 101)
	for i := range tooMany {
		tooMany[i] = fmt.Sprintf("d.%d=x", i)
	}
	huge := "d.0=" + strings.Repeat("x", 1<<19) + "; d.1=" + strings.Repeat("x", 1<<19+1)
	for _, c := range []struct {
		name, header, want string
		ok                 bool
	}{
		{"whole cookie", "d=a%20b; d.0=x", "a b", true},
		{"chunks in any order", "d.1=b;d.2=c; d.0=a", "abc", true},
		{"empty whole cookie", "d=; d.0=a", "a", true},
		{"encoded chunks", "d.0=a%3D; d.1=%3Db", "a==b", true},
		{"none", "e.0=a; dd.0=b; d.x=c; d.=d; d.01=e; d.-1=f; d.0.0=g", "", false},
		{"first chunk missing", "d.1=b", "", false},
		{"middle chunk missing", "d.0=a; d.2=b", "", false},
		{"duplicate number", "d.0=a; d.0=b", "a", true},
		{"a hundred chunks", strings.Join(tooMany[:100], ";"), strings.Repeat("x", 100), true},
		{"too many", strings.Join(tooMany, ";"), "", false},
		{"number overflows", "d.0=a; d.99999999999999999999999999=b", "", false},
		{"too big", huge, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got, ok := Chunks(c.header, "d"); got != c.want || ok != c.ok {
				t.Errorf("got %.80q, %v; want %.80q, %v", got, ok, c.want, c.ok)
			}
		})
	}
}

func TestChunkNames(t *testing.T) {
	t.Parallel()
	got := ChunkNames("d.1=b; d=; x=1; d.0=a; d.1=z; d_other=1; d.x=1; d.100=1; d.5", "d")
	if want := []string{"d.1", "d", "d.0"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestSplit(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ length, threshold, pairs int }{
		{0, SessionThreshold, 1},
		{SessionThreshold, SessionThreshold, 1},
		{SessionThreshold + 1, SessionThreshold, 2},
		{AccountThreshold, AccountThreshold, 1},
		{AccountThreshold + 1, AccountThreshold, 2},
		{2 * ChunkSize, SessionThreshold, 2},
		{2*ChunkSize + 1, SessionThreshold, 3},
	} {
		if got := len(SplitAt("n", strings.Repeat("x", c.length), c.threshold)); got != c.pairs {
			t.Errorf("%d bytes make %d cookies, want %d", c.length, got, c.pairs)
		}
	}
	for _, value := range []string{strings.Repeat("x", 9000), strings.Repeat("é☃😀", 1500), strings.Repeat("\x80", 5000)} {
		pairs := Split("n", value)
		joined := ""
		for i, p := range pairs {
			joined += p.Value
			if want := fmt.Sprintf("n.%d", i); p.Name != want || len(p.Value) > ChunkSize {
				t.Errorf("cookie %d is %s of %d bytes", i, p.Name, len(p.Value))
			}
		}
		if joined != value {
			t.Error("the pieces do not make the value")
		}
	}
	value := strings.Repeat("é☃ %41", 1500)
	var header []string
	for _, p := range Split("n", value) {
		header = append(header, Serialize(p.Name, p.Value, Attributes{MaxAge: NoMaxAge}))
	}
	slices.Reverse(header)
	if got, ok := Chunks(strings.Join(header, "; "), "n"); !ok || got != value {
		t.Error("chunks do not come back as they were written")
	}
}
