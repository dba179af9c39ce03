module github.com/advantch/kernia-go/echo

go 1.26.0

require (
	github.com/advantch/kernia-go/core v0.1.0
	github.com/advantch/kernia-go/internal v0.1.0
	github.com/labstack/echo/v4 v4.16.0
)

require (
	github.com/go-jose/go-jose/v4 v4.1.9 // indirect
	github.com/labstack/gommon v0.5.0 // indirect
	github.com/mattn/go-colorable v0.1.15 // indirect
	github.com/mattn/go-isatty v0.0.22 // indirect
	github.com/valyala/bytebufferpool v1.0.0 // indirect
	github.com/valyala/fasttemplate v1.2.2 // indirect
	golang.org/x/crypto v0.58.0 // indirect
	golang.org/x/net v0.60.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.43.0 // indirect
	golang.org/x/time v0.15.0 // indirect
)

replace (
	github.com/advantch/kernia-go/core => ../core
	github.com/advantch/kernia-go/internal => ../internal
)
