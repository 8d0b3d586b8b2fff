// Program testcluster is a Kubernetes control plane for tests, in one process:
// etcd, kube-apiserver and the controllers that matter, as published, and a
// stand-in for scheduler and kubelet.
//
// It listens on loopback only, with certificates that it makes itself. When
// everything works it prints one line, KUBECONFIG=<path>. It ends, leaving
// nothing behind, when its standard input closes. README.md says more.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"testcluster/standin"
)

// startLimit bounds the time from start to ready, so that a cluster that hangs
// fails with the name of what it waited for.
const startLimit = 3 * time.Minute

// stderr is for our own words; the components' log may be sent elsewhere.
var stderr = os.Stderr

func main() {
	set, err := parseSettings(os.Args[1:])
	if err != nil {
		fmt.Fprintf(stderr, "testcluster: %v\n", err)
		os.Exit(2)
	}
	if err := run(set); err != nil {
		fmt.Fprintf(stderr, "testcluster: %v\n", err)
		os.Exit(1)
	}
}

// run keeps the cluster up until it is asked to end; what the parts say about
// being ended is no error.
func run(set *settings) error {
	if err := set.redirectLog(); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	input := make(chan string)
	if !set.interactive {
		go readLines(os.Stdin, input, stop)
	}
	if err := runParts(ctx, set, input); ctx.Err() == nil {
		return err
	}
	return nil
}

// runParts starts the parts in order of need, and stops them in the opposite
// one when the context ends or one of them does.
func runParts(ctx context.Context, set *settings, input <-chan string) error {
	dir, err := openDirectory(set.dir)
	if err != nil {
		return err
	}
	defer dir.close()
	pki, err := loadOrMakePKI(dir.path("pki"))
	if err != nil {
		return err
	}
	db, err := startEtcd(ctx, dir.path("etcd"))
	if err != nil {
		return err
	}
	defer db.close()
	api, err := newAPIServer(set, dir, pki, db)
	if err != nil {
		return err
	}

	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return api.run(ctx) })
	group.Go(func() error {
		if err := startWorkers(ctx, group, dir, pki, api.url); err != nil {
			return err
		}
		set.announce(dir.kubeconfig())
		return obey(ctx, input, db)
	})
	return group.Wait()
}

// startWorkers waits for the API server, starts what needs it, and returns when
// all of it is seen to work.
func startWorkers(ctx context.Context, group *errgroup.Group, dir *directory, pki *pki, url string) error {
	starting, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()

	if err := writeKubeconfig(dir.kubeconfig(), url, pki, admin); err != nil {
		return err
	}
	own := dir.path("own.kubeconfig")
	if err := writeKubeconfig(own, url, pki, ownParts); err != nil {
		return err
	}
	client, err := newClient(own)
	if err != nil {
		return err
	}
	if err := waitServing(starting, client); err != nil {
		return err
	}
	group.Go(func() error { return runControllers(ctx, own, pki) })
	group.Go(func() error { return standin.Serve(ctx, client) })
	return waitWorking(starting, client)
}

// newClient makes a client whose own rate limit is out of the way.
func newClient(kubeconfig string) (kubernetes.Interface, error) {
	config, err := restConfig(kubeconfig)
	if err != nil {
		return nil, err
	}
	config.QPS, config.Burst = clientQPS, clientQPS
	config.WarningHandler = rest.NoWarnings{}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("making a client for %s: %w", config.Host, err)
	}
	return client, nil
}
