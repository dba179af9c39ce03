module github.com/advantch/kernia-go/scripts

go 1.26.0
