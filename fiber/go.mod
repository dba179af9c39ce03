module github.com/advantch/kernia-go/fiber

go 1.26.0

require (
	github.com/advantch/kernia-go/core v0.1.0
	github.com/advantch/kernia-go/internal v0.1.0
	github.com/advantch/kernia-go/internal/onfasthttp v0.1.0
	github.com/gofiber/fiber/v2 v2.52.15
	github.com/valyala/fasthttp v1.78.0
)

require (
	github.com/go-jose/go-jose/v4 v4.1.9 // indirect
	github.com/google/uuid v1.6.0 // indirect
	github.com/klauspost/compress v1.20.3 // indirect
	github.com/mattn/go-colorable v0.1.13 // indirect
	github.com/mattn/go-isatty v0.0.20 // indirect
	github.com/mattn/go-runewidth v0.0.16 // indirect
	github.com/molecule-man/go-brrr v1.3.1 // indirect
	github.com/rivo/uniseg v0.2.0 // indirect
	github.com/valyala/bytebufferpool v1.0.0 // indirect
	golang.org/x/crypto v0.58.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.43.0 // indirect
)

replace (
	github.com/advantch/kernia-go/core => ../core
	github.com/advantch/kernia-go/internal => ../internal
	github.com/advantch/kernia-go/internal/onfasthttp => ../internal/onfasthttp
)
