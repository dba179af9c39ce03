module github.com/advantch/kernia-go/core

go 1.26
