module excel2doc/go-text/oracle

go 1.21
