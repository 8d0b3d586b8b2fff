package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
)

// readLines hands over the lines of an input, and calls end when it closes:
// whoever started us has gone, however it ended.
func readLines(input io.Reader, lines chan<- string, end func()) {
	defer end()
	scanner := bufio.NewScanner(input)
	for scanner.Scan() {
		lines <- scanner.Text()
	}
}

// obey carries out commands until the context ends. Each is answered by one
// line on standard output.
func obey(ctx context.Context, lines <-chan string, db *etcd) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case line := <-lines:
			fmt.Println(answer(ctx, line, db))
		}
	}
}

func answer(ctx context.Context, line string, db *etcd) string {
	if line != "compact" {
		return fmt.Sprintf("ERROR=unknown command %q: there is only compact", line)
	}
	revision, err := db.compact(ctx)
	if err != nil {
		return fmt.Sprintf("ERROR=%v", err)
	}
	return fmt.Sprintf("COMPACTED=%d", revision)
}
