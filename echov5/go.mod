module github.com/advantch/kernia-go/echov5

go 1.26.0

require (
	github.com/advantch/kernia-go/core v0.1.0
	github.com/advantch/kernia-go/internal v0.1.0
	github.com/labstack/echo/v5 v5.4.6
)

require (
	github.com/go-jose/go-jose/v4 v4.1.9 // indirect
	golang.org/x/crypto v0.58.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.43.0 // indirect
	golang.org/x/time v0.15.0 // indirect
)

replace (
	github.com/advantch/kernia-go/core => ../core
	github.com/advantch/kernia-go/internal => ../internal
)
