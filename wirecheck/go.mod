module github.com/advantch/kernia-go/wirecheck

go 1.26

require github.com/advantch/kernia-go/core v0.1.0

replace github.com/advantch/kernia-go/core => ../core
