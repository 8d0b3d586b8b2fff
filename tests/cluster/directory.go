package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// directory holds everything that the cluster writes.
type directory struct {
	root      string
	temporary bool
}

// openDirectory makes the directory with the given name, or a temporary one if
// the name is empty.
func openDirectory(name string) (*directory, error) {
	if name == "" {
		root, err := os.MkdirTemp("", "testcluster-")
		if err != nil {
			return nil, fmt.Errorf("making a temporary directory: %w", err)
		}
		return &directory{root: root, temporary: true}, nil
	}
	root, err := filepath.Abs(name)
	if err != nil {
		return nil, fmt.Errorf("finding directory %s: %w", name, err)
	}
	if err := os.MkdirAll(root, 0o700); err != nil {
		return nil, fmt.Errorf("making directory %s: %w", root, err)
	}
	return &directory{root: root}, nil
}

// path names something inside.
func (d *directory) path(name string) string { return filepath.Join(d.root, name) }

// kubeconfig is the file for users of the cluster.
func (d *directory) kubeconfig() string { return d.path("kubeconfig") }

// close removes a temporary directory.
func (d *directory) close() {
	if !d.temporary {
		return
	}
	if err := os.RemoveAll(d.root); err != nil {
		fmt.Fprintf(stderr, "testcluster: removing %s: %v\n", d.root, err)
	}
}
