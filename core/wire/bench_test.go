package wire

import (
	"reflect"
	"testing"
)

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	b.SetBytes(int64(len(cachePayload)))
	for b.Loop() {
		if _, err := Parse(cachePayload, Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncoder(b *testing.B) {
	e, err := EncoderFor(reflect.TypeFor[everything]())
	if err != nil {
		b.Fatal(err)
	}
	v := everything{Zulu: "text", Tree: tree{Name: "r"}}
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = e.Append(buf[:0], &v)
	}
}
