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

// plainAttributes are those of a cookie without a life, on the whole site.
var plainAttributes = Attributes{MaxAge: NoMaxAge, Path: "/", HttpOnly: true, Secure: true, SameSite: "lax"}

// Browsers drop a cookie that is longer than 4096 bytes, and a session in it is gone:
// no line may be longer, for any name, attributes and length of value.
func TestSplitKeepsEveryLineBelow4096Bytes(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"n", "better-auth.session_data", "__Secure-better-auth.session_data", "__Secure-" + strings.Repeat("p", 220) + ".session_data"} {
		for _, a := range []Attributes{plainAttributes, {MaxAge: MaxMaxAge, Domain: strings.Repeat("d", 60) + ".example.com", Path: "/" + strings.Repeat("p", 300), HttpOnly: true, Secure: true, SameSite: "strict", Partitioned: true}} {
			for _, unit := range []string{"x", "%", "é", "😀", "a\x80"} {
				for _, length := range []int{1, 100, 3896, 4000, 4064, 4073, 4093, 4094, 4096, 9000} {
					value := strings.Repeat(unit, length/len(unit)+1)
					joined := ""
					for _, p := range Split(name, value, a) {
						joined += p.Value
						if line := Serialize(p.Name, p.Value, a); len(line) >= 4096 {
							t.Fatalf("%.40s of %d times %q: a line of %d bytes", name, length, unit, len(line))
						}
					}
					if joined != value {
						t.Fatalf("%.40s of %d times %q: the pieces do not make the value", name, length, unit)
					}
				}
			}
		}
	}
}

func TestSplit(t *testing.T) {
	t.Parallel()
	room := MaxLine - len(Serialize("n", "", plainAttributes))
	for _, c := range []struct{ length, pairs int }{
		{0, 1}, {room, 1}, {room + 1, 2}, {2 * ChunkSize, 2}, {2*ChunkSize + 1, 3},
	} {
		pairs := Split("n", strings.Repeat("x", c.length), plainAttributes)
		if len(pairs) != c.pairs {
			t.Errorf("%d bytes make %d cookies, want %d", c.length, len(pairs), c.pairs)
		}
		for i, p := range pairs {
			if want := fmt.Sprintf("n.%d", i); len(pairs) > 1 && p.Name != want || len(pairs) == 1 && p.Name != "n" {
				t.Errorf("cookie %d is %s", i, p.Name)
			}
		}
	}
	value := strings.Repeat("é☃ %41", 1500)
	var header []string
	for _, p := range Split("n", value, plainAttributes) {
		header = append(header, Serialize(p.Name, p.Value, Attributes{MaxAge: NoMaxAge}))
	}
	slices.Reverse(header)
	if got, ok := Chunks(strings.Join(header, "; "), "n"); !ok || got != value {
		t.Error("chunks do not come back as they were written")
	}
}

func TestSplitWithoutRoomEnds(t *testing.T) {
	t.Parallel()
	if got := len(Split(strings.Repeat("n", 5000), strings.Repeat("x", 1000), plainAttributes)); got != 4 {
		t.Errorf("%d cookies, want 4", got)
	}
}
