package standin

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
)

// emptyTerminating deletes the pods of a namespace as soon as that is being
// deleted. The namespace controller looks five seconds later; did it find pods
// then, it would give them half of their grace period, 16 seconds, before it
// looked again.
func emptyTerminating(ctx context.Context, client kubernetes.Interface) cache.ResourceEventHandler {
	look := func(object any) {
		namespace, ok := object.(*corev1.Namespace)
		if !ok || namespace.DeletionTimestamp == nil {
			return
		}
		at := metav1.DeleteOptions{GracePeriodSeconds: new(int64)}
		err := client.CoreV1().Pods(namespace.Name).DeleteCollection(ctx, at, metav1.ListOptions{})
		if err != nil && ctx.Err() == nil {
			klog.ErrorS(err, "Deleting the pods of a namespace that is being deleted", "namespace", namespace.Name)
		}
	}
	return cache.ResourceEventHandlerFuncs{AddFunc: look, UpdateFunc: func(_, object any) { look(object) }}
}
