package main

import (
	"flag"
	"fmt"
	"os"
)

// settings are the flags of the command line.
type settings struct {
	dir         string
	port        int
	auditLog    string
	log         string
	watchCache  bool
	gates       string
	interactive bool
}

// parseSettings reads the flags; a flag that it does not know ends the program
// with the list of those that it does.
func parseSettings(args []string) (*settings, error) {
	set := &settings{}
	fs := flag.NewFlagSet("testcluster", flag.ExitOnError)
	fs.StringVar(&set.dir, "dir", "", "keep certificates, kubeconfig and data in `DIR`, and go on with what is there (default a temporary directory, removed at the end)")
	fs.IntVar(&set.port, "port", 0, "serve the API on `PORT` of 127.0.0.1 (default a free one)")
	fs.StringVar(&set.auditLog, "audit-log", "", "write a line of JSON to `FILE` for every request but the cluster's own")
	fs.StringVar(&set.log, "log", "", "write the components' log to `FILE` (default standard error)")
	fs.BoolVar(&set.watchCache, "watch-cache", true, "answer lists and watches from memory; if false, a compacted revision is 410 Gone at once")
	fs.StringVar(&set.gates, "feature-gates", "", "switch features of the API server, as its own flag does: `WatchList=false,…`; older servers lack what is switched off")
	fs.BoolVar(&set.interactive, "interactive", false, "for a person: run until Ctrl-C, and print an export line")
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	if fs.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q (see -help)", fs.Arg(0))
	}
	if set.port < 0 || set.port > 65535 {
		return nil, fmt.Errorf("-port %d is not a TCP port", set.port)
	}
	return set, nil
}

// redirectLog sends what the components log to the file that was asked for.
// They all write to os.Stderr as it is when they write.
func (s *settings) redirectLog() error {
	if s.log == "" {
		return nil
	}
	file, err := os.Create(s.log)
	if err != nil {
		return fmt.Errorf("opening the log: %w", err)
	}
	os.Stderr = file
	return nil
}

// announce prints the line that says the cluster is ready.
func (s *settings) announce(kubeconfig string) {
	if s.interactive {
		fmt.Printf("export KUBECONFIG=%s\n", kubeconfig)
		return
	}
	fmt.Printf("KUBECONFIG=%s\n", kubeconfig)
}
