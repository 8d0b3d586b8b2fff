// Package standin plays scheduler and kubelet for a cluster without machines:
// one node that is Ready, and pods that are bound to it and then run, or do what
// their annotation says. Nothing is really run.
package standin

import (
	"context"
	"fmt"

	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

// Serve makes the node and looks after its pods until the context ends.
func Serve(ctx context.Context, client kubernetes.Interface) error {
	node, err := ensureNode(ctx, client)
	if err != nil {
		return fmt.Errorf("making node %s: %w", NodeName, err)
	}
	factory := informers.NewSharedInformerFactory(client, 0)
	pods, listed, err := newPods(client, node, factory.Core().V1().Pods())
	if err != nil {
		return err
	}
	namespaces := factory.Core().V1().Namespaces().Informer()
	if _, err := namespaces.AddEventHandler(emptyTerminating(ctx, client)); err != nil {
		return fmt.Errorf("watching namespaces: %w", err)
	}
	factory.Start(ctx.Done())
	defer factory.Shutdown()
	if !cache.WaitForCacheSync(ctx.Done(), listed) {
		return fmt.Errorf("listing pods: %w", ctx.Err())
	}
	pods.run(ctx)
	return nil
}
