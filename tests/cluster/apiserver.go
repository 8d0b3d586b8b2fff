package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"

	"github.com/spf13/pflag"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	cliflag "k8s.io/component-base/cli/flag"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
	"k8s.io/kubernetes/cmd/kube-apiserver/app/options"
)

// Address ranges as k3s has them.
const serviceRange = "10.43.0.0/16"

// auditPolicy records who asked for what, without bodies, and leaves out what
// the cluster's own parts ask for.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: None
  users: ["` + ownParts + `", "system:apiserver"]
- level: Metadata
`

// apiServer is a kube-apiserver whose port is open already, so that nobody else
// can take it: what connects before it serves just waits.
type apiServer struct {
	options options.CompletedOptions
	url     string
}

// newAPIServer checks all settings of the API server and opens its port.
func newAPIServer(set *settings, dir *directory, pki *pki, db *etcd) (*apiServer, error) {
	args, err := apiServerArgs(set, dir, pki, db)
	if err != nil {
		return nil, err
	}
	opts := options.NewServerRunOptions()
	if err := parseArgs("kube-apiserver", opts.Flags(), args); err != nil {
		return nil, err
	}
	if err := opts.GenericServerRunOptions.ComponentGlobalsRegistry.Set(); err != nil {
		return nil, fmt.Errorf("setting feature gates: %w", err)
	}
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(set.port)))
	if err != nil {
		return nil, fmt.Errorf("opening the API server's port: %w", err)
	}
	opts.SecureServing.Listener = listener
	completed, err := opts.Complete(context.Background())
	if err != nil {
		return nil, fmt.Errorf("completing the settings of kube-apiserver: %w", err)
	}
	if errs := completed.Validate(); len(errs) > 0 {
		return nil, fmt.Errorf("checking the settings of kube-apiserver: %w", utilerrors.NewAggregate(errs))
	}
	return &apiServer{options: completed, url: "https://" + listener.Addr().String()}, nil
}

// run serves until the context ends.
func (a *apiServer) run(ctx context.Context) error {
	if err := app.Run(ctx, a.options); err != nil {
		return fmt.Errorf("running kube-apiserver: %w", err)
	}
	return nil
}

func apiServerArgs(set *settings, dir *directory, pki *pki, db *etcd) ([]string, error) {
	args := []string{
		"--etcd-servers=" + db.url,
		"--advertise-address=127.0.0.1",
		"--endpoint-reconciler-type=none", // no address of ours is one that a pod could reach
		"--client-ca-file=" + pki.cert("ca"),
		"--tls-cert-file=" + pki.cert("server"),
		"--tls-private-key-file=" + pki.key("server"),
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--service-account-key-file=" + pki.key("service-account"),
		"--service-account-signing-key-file=" + pki.key("service-account"),
		"--service-cluster-ip-range=" + serviceRange,
		"--authorization-mode=RBAC",
		"--anonymous-auth=false",
		"--allow-privileged=true", // as in k3s
		"--watch-cache=" + strconv.FormatBool(set.watchCache),
		"--feature-gates=" + set.gates,
	}
	if set.auditLog == "" {
		return args, nil
	}
	policy := dir.path("audit-policy.yaml")
	if err := os.WriteFile(policy, []byte(auditPolicy), 0o600); err != nil {
		return nil, fmt.Errorf("writing the audit policy: %w", err)
	}
	return append(args, "--audit-log-path="+set.auditLog, "--audit-policy-file="+policy), nil
}

// parseArgs gives a component's flags the values that its own command line
// would give them.
func parseArgs(component string, sets cliflag.NamedFlagSets, args []string) error {
	flags := pflag.NewFlagSet(component, pflag.ContinueOnError)
	for _, set := range sets.FlagSets {
		flags.AddFlagSet(set)
	}
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("setting the flags of %s: %w", component, err)
	}
	return nil
}
