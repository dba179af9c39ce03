module github.com/advantch/kernia-go/internal/onfasthttp

go 1.26.0

require (
	github.com/advantch/kernia-go/core v0.1.0
	github.com/valyala/fasthttp v1.78.0
)

require (
	github.com/go-jose/go-jose/v4 v4.1.9 // indirect
	github.com/klauspost/compress v1.20.3 // indirect
	github.com/molecule-man/go-brrr v1.3.1 // indirect
	github.com/valyala/bytebufferpool v1.0.0 // indirect
	golang.org/x/crypto v0.58.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.43.0 // indirect
)

replace github.com/advantch/kernia-go/core => ../../core
