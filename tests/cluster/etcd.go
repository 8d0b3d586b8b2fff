package main

import (
	"context"
	"fmt"
	"net/url"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/server/v3/embed"
)

// etcd is a database of one member on a free port of loopback.
type etcd struct {
	server *embed.Etcd
	url    string
}

// startEtcd opens the database in dir, or makes one there, and waits until it
// serves. Writes are not fsynced: they survive the process being killed, which
// tests do, and not a power cut, which tests can't.
func startEtcd(ctx context.Context, dir string) (*etcd, error) {
	anyPort := []url.URL{{Scheme: "http", Host: "127.0.0.1:0"}}
	config := embed.NewConfig()
	config.Dir = dir
	config.UnsafeNoFsync = true
	config.LogLevel = "error"
	config.EnableGRPCGateway = false // it would dial the port that we asked for: 0
	config.ListenClientUrls, config.AdvertiseClientUrls = anyPort, anyPort
	config.ListenPeerUrls, config.AdvertisePeerUrls = anyPort, anyPort
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	server, err := embed.StartEtcd(config)
	if err != nil {
		return nil, fmt.Errorf("starting etcd in %s: %w", dir, err)
	}
	select {
	case <-server.Server.ReadyNotify():
	case <-ctx.Done():
		server.Close()
		return nil, fmt.Errorf("waiting for etcd: %w", ctx.Err())
	case err := <-server.Err():
		server.Close()
		return nil, fmt.Errorf("starting etcd in %s: %w", dir, err)
	}
	return &etcd{server: server, url: "http://" + server.Clients[0].Addr().String()}, nil
}

// compact forgets every revision before the present one, and returns that one.
func (e *etcd) compact(ctx context.Context) (int64, error) {
	revision := e.server.Server.KV().Rev()
	request := &etcdserverpb.CompactionRequest{Revision: revision, Physical: true}
	if _, err := e.server.Server.Compact(ctx, request); err != nil {
		return 0, fmt.Errorf("compacting etcd at revision %d: %w", revision, err)
	}
	return revision, nil
}

// close stops the server once its last writes are in its files.
func (e *etcd) close() { e.server.Close() }
